// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"

	"github.com/pulumi/pulumi-go-provider/infer"
)

// Binding is what a name in a Worker's env stands for. Exactly one member is set.
// The tag api is the type in Cloudflare's API, and those of the members' fields are
// its fields there. Source: wrangler, packages/deploy-helpers, create-worker-upload-form.ts.
type Binding struct {
	KvNamespace *KvNamespaceBinding `pulumi:"kvNamespace,optional" api:"kv_namespace"`
	R2Bucket    *R2BucketBinding    `pulumi:"r2Bucket,optional" api:"r2_bucket"`
	D1Database  *D1DatabaseBinding  `pulumi:"d1Database,optional" api:"d1"`

	DurableObjectNamespace *DurableObjectNamespaceBinding `pulumi:"durableObjectNamespace,optional" api:"durable_object_namespace"` //nolint:lll // a tag cannot be broken

	Queue              *QueueBinding              `pulumi:"queue,optional" api:"queue"`
	Service            *ServiceBinding            `pulumi:"service,optional" api:"service"`
	Workflow           *WorkflowBinding           `pulumi:"workflow,optional" api:"workflow"`
	Hyperdrive         *HyperdriveBinding         `pulumi:"hyperdrive,optional" api:"hyperdrive"`
	Vectorize          *VectorizeBinding          `pulumi:"vectorize,optional" api:"vectorize"`
	Ai                 *AiBinding                 `pulumi:"ai,optional" api:"ai"`
	AiSearch           *AiSearchBinding           `pulumi:"aiSearch,optional" api:"ai_search"`
	AiSearchNamespace  *AiSearchNamespaceBinding  `pulumi:"aiSearchNamespace,optional" api:"ai_search_namespace"`
	AnalyticsEngine    *AnalyticsEngineBinding    `pulumi:"analyticsEngine,optional" api:"analytics_engine"`
	Browser            *BrowserBinding            `pulumi:"browser,optional" api:"browser"`
	Images             *ImagesBinding             `pulumi:"images,optional" api:"images"`
	Media              *MediaBinding              `pulumi:"media,optional" api:"media"`
	Stream             *StreamBinding             `pulumi:"stream,optional" api:"stream"`
	MtlsCertificate    *MtlsCertificateBinding    `pulumi:"mtlsCertificate,optional" api:"mtls_certificate"`
	DispatchNamespace  *DispatchNamespaceBinding  `pulumi:"dispatchNamespace,optional" api:"dispatch_namespace"`
	Pipeline           *PipelineBinding           `pulumi:"pipeline,optional" api:"pipelines"`
	SendEmail          *SendEmailBinding          `pulumi:"sendEmail,optional" api:"send_email"`
	RateLimit          *RateLimitBinding          `pulumi:"rateLimit,optional" api:"ratelimit"`
	SecretsStoreSecret *SecretsStoreSecretBinding `pulumi:"secretsStoreSecret,optional" api:"secrets_store_secret"`
	SecretKey          *SecretKeyBinding          `pulumi:"secretKey,optional" api:"secret_key"`
	VersionMetadata    *VersionMetadataBinding    `pulumi:"versionMetadata,optional" api:"version_metadata"`
	VpcService         *VpcServiceBinding         `pulumi:"vpcService,optional" api:"vpc_service"`
	VpcNetwork         *VpcNetworkBinding         `pulumi:"vpcNetwork,optional" api:"vpc_network"`
	WorkerLoader       *WorkerLoaderBinding       `pulumi:"workerLoader,optional" api:"worker_loader"`
	Assets             *AssetsBinding             `pulumi:"assets,optional" api:"assets"`
	Flagship           *FlagshipBinding           `pulumi:"flagship,optional" api:"flagship"`
	AgentMemory        *AgentMemoryBinding        `pulumi:"agentMemory,optional" api:"agent_memory"`
	Artifacts          *ArtifactsBinding          `pulumi:"artifacts,optional" api:"artifacts"`
	WebSearch          *WebSearchBinding          `pulumi:"webSearch,optional" api:"websearch"`
	Logfwdr            *LogfwdrBinding            `pulumi:"logfwdr,optional" api:"logfwdr"`
	WasmModule         *WasmModuleBinding         `pulumi:"wasmModule,optional" api:"wasm_module"`
	TextBlob           *TextBlobBinding           `pulumi:"textBlob,optional" api:"text_blob"`
	DataBlob           *DataBlobBinding           `pulumi:"dataBlob,optional" api:"data_blob"`
	Raw                *RawBinding                `pulumi:"raw,optional"`
}

// KvNamespaceBinding binds a Workers KV namespace.
type KvNamespaceBinding struct {
	ID string `pulumi:"id" api:"namespace_id" must:"the id of a KV namespace"`
}

// R2BucketBinding binds an R2 bucket.
type R2BucketBinding struct {
	Name         string `pulumi:"name" api:"bucket_name" must:"the name of an R2 bucket"`
	Jurisdiction string `pulumi:"jurisdiction,optional" api:"jurisdiction"`
}

// D1DatabaseBinding binds a D1 database.
type D1DatabaseBinding struct {
	ID string `pulumi:"id" api:"id" must:"the id of a D1 database"`
}

// DurableObjectNamespaceBinding binds a class of Durable Objects.
type DurableObjectNamespaceBinding struct {
	ClassName  string `pulumi:"className" api:"class_name" must:"the name of an exported class"`
	ScriptName string `pulumi:"scriptName,optional" api:"script_name"`
}

// QueueBinding binds a queue as its producer.
type QueueBinding struct {
	Name          string `pulumi:"name" api:"queue_name" must:"the name of a queue"`
	DeliveryDelay *int   `pulumi:"deliveryDelay,optional" api:"delivery_delay"`
}

// ServiceBinding binds another Worker.
type ServiceBinding struct {
	Name       string         `pulumi:"name" api:"service" must:"the name of a Worker"`
	Entrypoint string         `pulumi:"entrypoint,optional" api:"entrypoint"`
	Props      map[string]any `pulumi:"props,optional" api:"props"`
}

// WorkflowBinding binds a Workflow.
type WorkflowBinding struct {
	Name       string `pulumi:"name" api:"workflow_name" must:"the name of a Workflow"`
	ClassName  string `pulumi:"className,optional" api:"class_name"`
	ScriptName string `pulumi:"scriptName,optional" api:"script_name"`

	// Not of the binding, but of the Workflow that it registers: see workflow_settings.go.
	Limits           *WorkflowLimits      `pulumi:"limits,optional"`
	Schedules        []string             `pulumi:"schedules,optional"`
	Concurrency      *WorkflowConcurrency `pulumi:"concurrency,optional"`
	DefaultRetention *WorkflowRetention   `pulumi:"defaultRetention,optional"`
	Jurisdiction     string               `pulumi:"jurisdiction,optional"`
}

// HyperdriveBinding binds a Hyperdrive configuration.
type HyperdriveBinding struct {
	ID string `pulumi:"id" api:"id" must:"the id of a Hyperdrive configuration"`
}

// VectorizeBinding binds a Vectorize index.
type VectorizeBinding struct {
	IndexName string `pulumi:"indexName" api:"index_name" must:"the name of a Vectorize index"`
}

// AiBinding binds Workers AI.
type AiBinding struct{}

// AiSearchBinding binds an instance of AI Search.
type AiSearchBinding struct {
	InstanceName string `pulumi:"instanceName" api:"instance_name" must:"the name of an AI Search instance"`
}

// AiSearchNamespaceBinding binds a namespace of AI Search.
type AiSearchNamespaceBinding struct {
	Namespace string `pulumi:"namespace" api:"namespace" must:"the name of an AI Search namespace"`
}

// AnalyticsEngineBinding binds a dataset of Workers Analytics Engine.
type AnalyticsEngineBinding struct {
	Dataset string `pulumi:"dataset" api:"dataset" must:"the name of a dataset"`
}

// BrowserBinding binds Browser Rendering.
type BrowserBinding struct{}

// ImagesBinding binds Cloudflare Images.
type ImagesBinding struct{}

// MediaBinding binds Media Transformations.
type MediaBinding struct{}

// StreamBinding binds Cloudflare Stream.
type StreamBinding struct{}

// MtlsCertificateBinding binds a client certificate: its `fetch` presents it.
type MtlsCertificateBinding struct {
	CertificateID string `pulumi:"certificateId" api:"certificate_id" must:"the id of an mTLS certificate"`
}

// DispatchNamespaceBinding binds a dispatch namespace.
type DispatchNamespaceBinding struct {
	Namespace string            `pulumi:"namespace" api:"namespace" must:"the name of a dispatch namespace"`
	Outbound  *DispatchOutbound `pulumi:"outbound,optional" api:"outbound"`
}

// PipelineBinding binds a Pipeline or one of its streams.
type PipelineBinding struct {
	Stream   string `pulumi:"stream,optional" api:"stream"`
	Pipeline string `pulumi:"pipeline,optional" api:"pipeline"`
}

// SendEmailBinding lets the Worker send email.
type SendEmailBinding struct {
	DestinationAddress string `pulumi:"destinationAddress,optional" api:"destination_address"`

	AllowedDestinationAddresses []string `pulumi:"allowedDestinationAddresses,optional" api:"allowed_destination_addresses"` //nolint:lll // a tag cannot be broken

	AllowedSenderAddresses []string `pulumi:"allowedSenderAddresses,optional" api:"allowed_sender_addresses"`
}

// RateLimitBinding counts calls by a key of the Worker's choice.
type RateLimitBinding struct {
	NamespaceID string          `pulumi:"namespaceId" api:"namespace_id" must:"a number, as a text"`
	Simple      RateLimitSimple `pulumi:"simple" api:"simple"`
}

// SecretsStoreSecretBinding binds a secret of the account's Secrets Store.
type SecretsStoreSecretBinding struct {
	StoreID    string `pulumi:"storeId" api:"store_id" must:"the id of a secrets store"`
	SecretName string `pulumi:"secretName" api:"secret_name" must:"the name of a secret in the store"`
}

// VersionMetadataBinding binds the version's metadata.
type VersionMetadataBinding struct{}

// VpcServiceBinding binds a VPC service.
type VpcServiceBinding struct {
	ServiceID string `pulumi:"serviceId" api:"service_id" must:"the id of a VPC service"`
}

// VpcNetworkBinding binds a private network.
type VpcNetworkBinding struct {
	TunnelID  string `pulumi:"tunnelId,optional" api:"tunnel_id"`
	NetworkID string `pulumi:"networkId,optional" api:"network_id"`
}

// WorkerLoaderBinding binds the loader of dynamic Workers.
type WorkerLoaderBinding struct{}

// AssetsBinding binds the static assets: `env.NAME.fetch(request)` serves them.
type AssetsBinding struct{}

// FlagshipBinding binds a Flagship app.
type FlagshipBinding struct {
	AppID string `pulumi:"appId" api:"app_id" must:"the id of a Flagship app"`
}

// AgentMemoryBinding binds a namespace of Agent Memory.
type AgentMemoryBinding struct {
	Namespace string `pulumi:"namespace" api:"namespace" must:"the name of an Agent Memory namespace"`
}

// ArtifactsBinding binds a namespace of Artifacts.
type ArtifactsBinding struct {
	Namespace string `pulumi:"namespace" api:"namespace" must:"the name of an Artifacts namespace"`
}

// WebSearchBinding binds web search.
type WebSearchBinding struct{}

// LogfwdrBinding binds a destination of log forwarding.
type LogfwdrBinding struct {
	Destination string `pulumi:"destination" api:"destination" must:"the name of a destination"`
}

// WasmModuleBinding binds a part of the bundle as a WebAssembly module.
type WasmModuleBinding struct {
	Part string `pulumi:"part" api:"part" must:"the name of a module in the bundle"`
}

// TextBlobBinding binds a part of the bundle as a text.
type TextBlobBinding struct {
	Part string `pulumi:"part" api:"part" must:"the name of a module in the bundle"`
}

// DataBlobBinding binds a part of the bundle as an ArrayBuffer.
type DataBlobBinding struct {
	Part string `pulumi:"part" api:"part" must:"the name of a module in the bundle"`
}

// RateLimitSimple is the limit of a [RateLimitBinding].
type RateLimitSimple struct {
	Limit  int `pulumi:"limit"  api:"limit"`
	Period int `pulumi:"period" api:"period"`
}

// DispatchOutbound is the outbound Worker of a dispatch namespace.
type DispatchOutbound struct {
	Service    string   `pulumi:"service"`
	Parameters []string `pulumi:"parameters,optional"`
}

// dispatchOutbound is a [DispatchOutbound] in the API.
type dispatchOutbound struct {
	Worker struct {
		Service string `json:"service"`
	} `json:"worker"`
	Params []struct {
		Name string `json:"name"`
	} `json:"params,omitempty"`
}

// MarshalJSON writes d as the API wants it.
func (d DispatchOutbound) MarshalJSON() ([]byte, error) {
	var out dispatchOutbound
	out.Worker.Service = d.Service
	for _, name := range d.Parameters {
		out.Params = append(out.Params, struct {
			Name string `json:"name"`
		}{name})
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (d *DispatchOutbound) UnmarshalJSON(text []byte) error {
	var in dispatchOutbound
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	*d = DispatchOutbound{Service: in.Worker.Service}
	for _, p := range in.Params {
		d.Parameters = append(d.Parameters, p.Name)
	}
	return nil
}

// RawBinding is a binding of a type that this provider does not know.
type RawBinding struct {
	Type   string         `pulumi:"type"`
	Fields map[string]any `pulumi:"fields,optional"`
}

// Annotate describes the binding.
func (b *Binding) Annotate(a infer.Annotator) {
	if undescribed() {
		return
	}
	a.Describe(&b, "What a name in a Worker's `env` stands for. Set exactly one member.")
	a.Describe(&b.KvNamespace, "A Workers KV namespace.")
	a.Describe(&b.R2Bucket, "An R2 bucket of objects.")
	a.Describe(&b.D1Database, "A D1 database, which is SQLite.")
	a.Describe(&b.DurableObjectNamespace, "A class of Durable Objects, of this Worker or another.")
	a.Describe(&b.Queue, "A queue to send messages to.")
	a.Describe(&b.Service, "Another Worker, called without leaving Cloudflare.")
	a.Describe(&b.Workflow, "A Workflow, of this Worker or another.")
	a.Describe(&b.Hyperdrive, "A database behind Hyperdrive.")
	a.Describe(&b.Vectorize, "A Vectorize index to search.")
	a.Describe(&b.Ai, "Workers AI, which runs models.")
	a.Describe(&b.AiSearch, "An instance of AI Search.")
	a.Describe(&b.AiSearchNamespace, "A namespace of AI Search instances.")
	a.Describe(&b.AnalyticsEngine, "A dataset of Workers Analytics Engine.")
	a.Describe(&b.Browser, "Browser Rendering: headless browsers to drive.")
	a.Describe(&b.Images, "Cloudflare Images, to transform and store images.")
	a.Describe(&b.Media, "Media Transformations, to transform video and audio.")
	a.Describe(&b.Stream, "Cloudflare Stream, to store and play video.")
	a.Describe(&b.MtlsCertificate, "A client certificate to present to origins.")
	a.Describe(&b.DispatchNamespace, "A dispatch namespace of Workers for Platforms.")
	a.Describe(&b.Pipeline, "A Pipeline to send records to.")
	a.Describe(&b.SendEmail, "Sending email to verified addresses.")
	a.Describe(&b.RateLimit, "A limit that the Worker can ask about.")
	a.Describe(&b.SecretsStoreSecret, "A secret in Secrets Store, read with `await env.NAME.get()`.")
	a.Describe(&b.SecretKey, "A key for `crypto.subtle`, whose material is write-only like a secret.")
	a.Describe(&b.VersionMetadata, "Id, tag and time of the running version.")
	a.Describe(&b.VpcService, "A service in a private network.")
	a.Describe(&b.VpcNetwork, "A private network, reached through a tunnel.")
	a.Describe(&b.WorkerLoader, "Loading Workers at run time.")
	a.Describe(&b.Assets, "The Worker's own static assets.")
	a.Describe(&b.Flagship, "Feature flags of a Flagship app.")
	a.Describe(&b.AgentMemory, "A namespace of Agent Memory.")
	a.Describe(&b.Artifacts, "A namespace of Artifacts.")
	a.Describe(&b.WebSearch, "Searching the public web.")
	a.Describe(&b.Logfwdr, "A destination of log forwarding.")
	a.Describe(&b.WasmModule, "A WebAssembly module of the bundle, for service-worker syntax.")
	a.Describe(&b.TextBlob, "A text of the bundle, for service-worker syntax.")
	a.Describe(&b.DataBlob, "Bytes of the bundle, for service-worker syntax.")
	a.Describe(&b.Raw, "A binding of a type that this provider does not know yet, as Cloudflare's API has it.")
}

// Annotate describes the binding.
func (b *KvNamespaceBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a Workers KV namespace.")
	a.Describe(&b.ID, "Id of the namespace: the `id` of a `KvNamespace`, or 32 hex digits from elsewhere.")
}

// Annotate describes the binding.
func (b *R2BucketBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds an R2 bucket.")
	a.Describe(&b.Name, "Name of the bucket: the `name` of an `R2Bucket`, or that of one made elsewhere.")
	a.Describe(&b.Jurisdiction, "Jurisdiction of the bucket: `eu` or `fedramp`. Default: none.")
}

// Annotate describes the binding.
func (b *D1DatabaseBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a D1 database.")
	a.Describe(&b.ID, "Id of the database: a UUID.")
}

// Annotate describes the binding.
func (b *DurableObjectNamespaceBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a class of Durable Objects.")
	a.Describe(&b.ClassName, "Name of the exported class.")
	a.Describe(&b.ScriptName, "Name of the Worker that exports it. Default: this one.")
}

// Annotate describes the binding.
func (b *QueueBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a queue as its producer.")
	a.Describe(&b.Name, "Name of the queue.")
	a.Describe(&b.DeliveryDelay, "Seconds by which each message is delayed, at most 43200. Default: the queue's own.")
}

// Annotate describes the binding.
func (b *ServiceBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds another Worker.")
	a.Describe(&b.Name, "The other Worker's name: its `scriptName`.")
	a.Describe(&b.Entrypoint, "Name of the class, a `WorkerEntrypoint`, that answers. Default: the default export.")
	a.Describe(&b.Props, "What the entry point finds in `ctx.props`: it can tell its callers apart by it. Default: none.")
}

// Annotate describes the binding.
func (b *WorkflowBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a Workflow.")
	a.Describe(&b.Name, "Name of the Workflow, unique in the account.")
	a.Describe(&b.ClassName, "Name of the exported class, a `WorkflowEntrypoint`. Without a `scriptName`, or with "+
		"this Worker's, the Workflow is registered for this Worker. Default: a Workflow that exists is looked up by its "+
		"name.")
	a.Describe(&b.ScriptName, "Name of the Worker that exports it. Default: this one.")
	a.Describe(&b.Limits, "What one instance may use, if the Workflow is registered for this Worker. "+
		"Default: as the plan.")
	a.Describe(&b.Schedules, "Cron expressions, in UTC, each of which starts instances, if the Workflow is registered "+
		"for this Worker. Their order says nothing. Default: none.")
	a.Describe(&b.Concurrency, "How many instances run at the same time, if the Workflow is registered for this "+
		"Worker. Default: as many as the plan allows.")
	a.Describe(&b.DefaultRetention, "How long instances are kept that have ended, if the Workflow is registered for "+
		"this Worker. Default: as the plan.")
	a.Describe(&b.Jurisdiction, "Where the Workflow's data stays, if it is registered for this Worker: `eu`, `fedramp` "+
		"or `us`. Cloudflare never changes it, and does not tell it. Default: anywhere.")
}

// Annotate describes the binding.
func (b *HyperdriveBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a Hyperdrive configuration.")
	a.Describe(&b.ID, "Id of the Hyperdrive configuration.")
}

// Annotate describes the binding.
func (b *VectorizeBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a Vectorize index.")
	a.Describe(&b.IndexName, "Name of the index.")
}

// Annotate describes the binding.
func (b *AiBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds Workers AI. It has no settings.")
}

// Annotate describes the binding.
func (b *AiSearchBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds an instance of AI Search.")
	a.Describe(&b.InstanceName, "Name of the instance.")
}

// Annotate describes the binding.
func (b *AiSearchNamespaceBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a namespace of AI Search.")
	a.Describe(&b.Namespace, "Name of the namespace.")
}

// Annotate describes the binding.
func (b *AnalyticsEngineBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a dataset of Workers Analytics Engine.")
	a.Describe(&b.Dataset, "Name of the dataset, which the first data point makes.")
}

// Annotate describes the binding.
func (b *BrowserBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds Browser Rendering. It has no settings.")
}

// Annotate describes the binding.
func (b *ImagesBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds Cloudflare Images. It has no settings.")
}

// Annotate describes the binding.
func (b *MediaBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds Media Transformations. It has no settings.")
}

// Annotate describes the binding.
func (b *StreamBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds Cloudflare Stream. It has no settings.")
}

// Annotate describes the binding.
func (b *MtlsCertificateBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a client certificate: its `fetch` presents it.")
	a.Describe(&b.CertificateID, "Id of the uploaded certificate.")
}

// Annotate describes the binding.
func (b *DispatchNamespaceBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a dispatch namespace.")
	a.Describe(&b.Namespace, "Name of the dispatch namespace.")
	a.Describe(&b.Outbound, "The Worker that sees what the namespace's Workers send out. Default: none.")
}

// Annotate describes the binding.
func (b *PipelineBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a Pipeline or one of its streams. Set exactly one member.")
	a.Describe(&b.Stream, "Id of the stream that receives the records. Default: none, and `pipeline` is set.")
	a.Describe(&b.Pipeline, "Name of the Pipeline, of the first generation. Default: none, and `stream` is set.")
}

// Annotate describes the binding.
func (b *SendEmailBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Lets the Worker send email. Without a member it may send to every verified address of the account.")
	a.Describe(&b.DestinationAddress, "The only address to which it may send. Default: no such limit.")
	a.Describe(&b.AllowedDestinationAddresses, "Addresses to which it may send. Default: no such limit.")
	a.Describe(&b.AllowedSenderAddresses, "Addresses from which it may send. Default: no such limit.")
}

// Annotate describes the binding.
func (b *RateLimitBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Counts calls by a key of the Worker's choice.")
	a.Describe(&b.NamespaceID, "A number, as a text, that tells the account's limits apart: those of one number count "+
		"together.")
	a.Describe(&b.Simple, "How many calls are within the limit, and in what time.")
}

// Annotate describes the binding.
func (b *SecretsStoreSecretBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a secret of the account's Secrets Store.")
	a.Describe(&b.StoreID, "Id of the store.")
	a.Describe(&b.SecretName, "Name of the secret in the store.")
}

// Annotate describes the binding.
func (b *VersionMetadataBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds the version's metadata. It has no settings.")
}

// Annotate describes the binding.
func (b *VpcServiceBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a VPC service.")
	a.Describe(&b.ServiceID, "Id of the VPC service.")
}

// Annotate describes the binding.
func (b *VpcNetworkBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a private network. Set exactly one member.")
	a.Describe(&b.TunnelID, "Id of the Cloudflare Tunnel that leads there. Default: none, and `networkId` is set.")
	a.Describe(&b.NetworkID, "Id of the network. Default: none, and `tunnelId` is set.")
}

// Annotate describes the binding.
func (b *WorkerLoaderBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds the loader of dynamic Workers. It has no settings.")
}

// Annotate describes the binding.
func (b *AssetsBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds the static assets: `env.NAME.fetch(request)` serves them. It has no settings.")
}

// Annotate describes the binding.
func (b *FlagshipBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a Flagship app.")
	a.Describe(&b.AppID, "Id of the app.")
}

// Annotate describes the binding.
func (b *AgentMemoryBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a namespace of Agent Memory.")
	a.Describe(&b.Namespace, "Name of the namespace.")
}

// Annotate describes the binding.
func (b *ArtifactsBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a namespace of Artifacts.")
	a.Describe(&b.Namespace, "Name of the namespace.")
}

// Annotate describes the binding.
func (b *WebSearchBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds web search. It has no settings.")
}

// Annotate describes the binding.
func (b *LogfwdrBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a destination of log forwarding.")
	a.Describe(&b.Destination, "Name of the destination.")
}

// Annotate describes the binding.
func (b *WasmModuleBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a part of the bundle as a WebAssembly module. ES modules import it instead.")
	a.Describe(&b.Part, "Name of the module in the bundle.")
}

// Annotate describes the binding.
func (b *TextBlobBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a part of the bundle as a text. ES modules import it instead.")
	a.Describe(&b.Part, "Name of the module in the bundle.")
}

// Annotate describes the binding.
func (b *DataBlobBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "Binds a part of the bundle as an ArrayBuffer. ES modules import it instead.")
	a.Describe(&b.Part, "Name of the module in the bundle.")
}

// Annotate describes the limit.
func (r *RateLimitSimple) Annotate(a infer.Annotator) {
	a.Describe(&r, "How many calls are within a limit, and in what time.")
	a.Describe(&r.Limit, "How many calls of one key are within the limit in a period.")
	a.Describe(&r.Period, "Length of a period in seconds: 10 or 60.")
}

// Annotate describes the outbound Worker.
func (d *DispatchOutbound) Annotate(a infer.Annotator) {
	a.Describe(&d, "The Worker that sees what a dispatch namespace's Workers send out.")
	a.Describe(&d.Service, "Name of the Worker.")
	a.Describe(&d.Parameters, "Names of what the dispatching Worker passes to it. Default: none.")
}

// Annotate describes the binding.
func (b *RawBinding) Annotate(a infer.Annotator) {
	a.Describe(&b, "A binding as Cloudflare's API has it.")
	a.Describe(&b.Type, "The type in the API, such as `kv_namespace`.")
	a.Describe(&b.Fields, "Its fields in the API, apart from name and type. No place for secrets. Default: none.")
}
