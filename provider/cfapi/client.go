// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/accounts"
	"github.com/cloudflare/cloudflare-go/v7/d1"
	"github.com/cloudflare/cloudflare-go/v7/dns"
	emailrouting "github.com/cloudflare/cloudflare-go/v7/email_routing"
	"github.com/cloudflare/cloudflare-go/v7/kv"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/queues"
	"github.com/cloudflare/cloudflare-go/v7/r2"
	secretsstore "github.com/cloudflare/cloudflare-go/v7/secrets_store"
	"github.com/cloudflare/cloudflare-go/v7/user"
	"github.com/cloudflare/cloudflare-go/v7/workers"
	"github.com/cloudflare/cloudflare-go/v7/workflows"
)

const (
	defaultEndpoint   = "https://api.cloudflare.com/client/v4"
	defaultR2Endpoint = "https://{account}.r2.cloudflarestorage.com"
)

// Client talks to Cloudflare's API and to R2's S3 endpoint. A zero field means
// what its comment says; a Client with nothing but a Token talks to the public
// service. The fields must not change, nor the Client be copied, after the
// first call. It is safe for concurrent use.
type Client struct {
	// Endpoint is the base URL of the API; empty means
	// https://api.cloudflare.com/client/v4.
	Endpoint string

	// R2Endpoint is the base URL of R2's S3 API, in which "{account}" stands for
	// the account id; empty means https://{account}.r2.cloudflarestorage.com. For
	// a bucket with a jurisdiction, "{account}" becomes "<account>.<jurisdiction>".
	R2Endpoint string

	// Token is the API token. It is sent to Endpoint and nowhere else.
	Token string

	// R2AccessKeyID and R2SecretAccessKey sign the requests to R2Endpoint. Both
	// empty means that they are derived from Token, as Cloudflare derives them:
	// the token's id, and the SHA-256 of its value.
	R2AccessKeyID, R2SecretAccessKey string

	// TokenIDs, if non-nil, remembers the id of Token between processes, so that
	// the derivation costs a request once for each machine and not for each run.
	TokenIDs TokenIDCache

	// HTTP sends the requests; nil means a client of its own with the settings of
	// [http.DefaultTransport]. Its redirect policy is not used: no redirect is
	// followed. Its Timeout bounds a whole call, repetitions included.
	HTTP *http.Client

	// UserAgent is sent with every API request; empty means cloudflare-go's own.
	UserAgent string

	// MaxRetries bounds how often one request is repeated; nil means 4.
	MaxRetries *int

	// Backoff is how long to wait before repetition number attempt (from 1), when
	// the response does not say; nil means between 0.5 s and 8 s, doubling, with
	// jitter.
	Backoff func(attempt int) time.Duration

	// Log, if non-nil, is told of every wait before a repetition. The message
	// holds neither credentials nor bodies.
	Log func(ctx context.Context, message string)

	once      sync.Once
	endpoint  string // Endpoint or its default, without a slash at its end
	transport *transport
	services  services
	tokenID   tokenID
	zones     zoneCache
}

// TokenIDCache remembers the ids of API tokens. An implementation must not store
// the token itself in the clear.
type TokenIDCache interface {
	// TokenID returns the id of token, and whether it is known.
	TokenID(token string) (id string, ok bool)
	// SetTokenID remembers the id of token. It may fail silently: the id can
	// always be asked for again.
	SetTokenID(token, id string)
}

// services are the parts of cloudflare-go that are used. Its root package is not
// imported: it compiles every product of Cloudflare, and reads the environment.
type services struct {
	scripts       *workers.ScriptService
	subdomains    *workers.SubdomainService
	routes        *workers.RouteService
	records       *dns.RecordService
	namespaces    *kv.NamespaceService
	buckets       *r2.BucketService
	stores        *secretsstore.StoreService
	databases     *d1.DatabaseService
	queues        *queues.QueueService
	emailRules    *emailrouting.RuleService
	workflows     *workflows.WorkflowService
	userTokens    *user.TokenService
	accountTokens *accounts.TokenService
}

// api returns the services, which it makes at the first call.
func (c *Client) api() *services {
	c.prepare()
	return &c.services
}

func (c *Client) prepare() {
	c.once.Do(func() {
		c.transport = newTransport(c)
		c.tokenID = newTokenID()
		c.zones = newZoneCache()
		c.endpoint = strings.TrimSuffix(cmp.Or(c.Endpoint, defaultEndpoint), "/")
		if _, err := url.Parse(c.endpoint); err != nil {
			c.endpoint = "" // the transport refuses this in better words than cloudflare-go
		}
		options := []option.RequestOption{
			option.WithBaseURL(c.endpoint),
			option.WithAPIToken(c.Token),
			option.WithHTTPClient(c.transport),
			option.WithMaxRetries(0), // the transport repeats
		}
		c.services = services{
			scripts:       workers.NewScriptService(options...),
			subdomains:    workers.NewSubdomainService(options...),
			routes:        workers.NewRouteService(options...),
			records:       dns.NewRecordService(options...),
			namespaces:    kv.NewNamespaceService(options...),
			buckets:       r2.NewBucketService(options...),
			stores:        secretsstore.NewStoreService(options...),
			databases:     d1.NewDatabaseService(options...),
			queues:        queues.NewQueueService(options...),
			emailRules:    emailrouting.NewRuleService(options...),
			workflows:     workflows.NewWorkflowService(options...),
			userTokens:    user.NewTokenService(options...),
			accountTokens: accounts.NewTokenService(options...),
		}
	})
}
