// SPDX-License-Identifier: Apache-2.0

package component

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	comprovider "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

var (
	_ infer.Annotated                                    = (*WorkerApp)(nil)
	_ infer.Annotated                                    = (*WorkerAppArgs)(nil)
	_ infer.ComponentResource[WorkerAppArgs, *WorkerApp] = (*WorkerApp)(nil)
)

// pkg begins the tokens of the package.
const pkg = "cloudflare-workers:index:"

// WorkerApp is a Worker with all that it needs, from a build output to a URL.
type WorkerApp struct {
	pulumi.ResourceState

	URL        pulumi.StringOutput      `pulumi:"url"`
	URLs       pulumi.StringArrayOutput `pulumi:"urls"`
	ScriptName pulumi.StringOutput      `pulumi:"scriptName"`
	VersionID  pulumi.StringOutput      `pulumi:"versionId"`
	Bundle     pulumi.MapOutput         `pulumi:"bundle"`
	KvIDs      pulumi.StringMapOutput   `pulumi:"kvIds"`
	D1IDs      pulumi.StringMapOutput   `pulumi:"d1Ids"`
	R2Names    pulumi.StringMapOutput   `pulumi:"r2Names"`
	QueueNames pulumi.StringMapOutput   `pulumi:"queueNames"`
}

// WorkerAppArgs are the inputs of a [WorkerApp] beside those of its CloudflareWorker, which it passes on. The plain
// ones decide which resources there are.
type WorkerAppArgs struct {
	Path         pulumi.StringInput `pulumi:"path,optional"`
	Archive      *resource.Archive  `pulumi:"archive,optional"`
	Build        pulumi.MapInput    `pulumi:"build,optional"`
	Bucket       pulumi.StringInput `pulumi:"bucket,optional"`
	Prefix       pulumi.StringInput `pulumi:"prefix,optional"`
	PromoteFrom  pulumi.MapInput    `pulumi:"promoteFrom,optional"`
	FromWrangler *WranglerFile      `pulumi:"fromWrangler,optional"`
	Kv           []string           `pulumi:"kv,optional"`
	D1           []string           `pulumi:"d1,optional"`
	R2           []string           `pulumi:"r2,optional"`
	Queues       []string           `pulumi:"queues,optional"`
}

// WranglerFile says which configuration of wrangler describes a Worker.
type WranglerFile struct {
	Path        string `pulumi:"path"`
	Environment string `pulumi:"environment,optional"`
}

// own are the names of a WorkerApp's own inputs, and of those of its CloudflareWorker that it makes itself.
var own = []string{
	"path", "archive", "build", "bucket", "prefix", "promoteFrom", "fromWrangler", "kv", "d1", "r2", "queues", "bindings",
	"bundle",
}

// Construct stands for the schema. [New] makes the component, since it takes inputs that no type here names.
func (*WorkerApp) Construct(*pulumi.Context, string, string, WorkerAppArgs, pulumi.ResourceOption) (*WorkerApp, error) {
	return nil, errors.New("a WorkerApp is made by New")
}

// New makes a WorkerApp. Version is that of the provider: children without it would move from one default provider to
// another, and be replaced.
func New(
	ctx *pulumi.Context, typ, name, version string, given property.Map, opts pulumi.ResourceOption,
) (*comprovider.ConstructResult, error) {
	app := &WorkerApp{}
	if err := ctx.RegisterComponentResource(typ, name, app, opts); err != nil {
		return nil, err
	}
	b := &builder{ctx: ctx, name: name, app: app, opts: []pulumi.ResourceOption{
		pulumi.Parent(app), pulumi.Version(version),
	}}
	given, err := b.described(given, version)
	if err != nil {
		return nil, err
	}
	b.given = given
	if err := b.build(); err != nil {
		return nil, err
	}
	err = ctx.RegisterResourceOutputs(app, pulumi.Map{
		"url": app.URL, "urls": app.URLs, "scriptName": app.ScriptName, "versionId": app.VersionID, "bundle": app.Bundle,
		"kvIds": app.KvIDs, "d1Ids": app.D1IDs, "r2Names": app.R2Names, "queueNames": app.QueueNames,
	})
	if err != nil {
		return nil, err
	}
	return comprovider.NewConstructResult(app)
}

// A builder makes the children of a WorkerApp.
type builder struct {
	ctx   *pulumi.Context
	name  string
	app   *WorkerApp
	opts  []pulumi.ResourceOption
	given property.Map // the inputs, those that wrangler's file says included
}

// described returns given with what wrangler's file says where given does not: maps are merged name by name.
func (b *builder) described(given property.Map, version string) (property.Map, error) {
	file, ok := given.GetOk("fromWrangler")
	if !ok || file.IsNull() {
		return given, nil
	}
	if !file.IsMap() || file.HasComputed() {
		return given, errors.New("fromWrangler must be known when the component is made: its path and environment cannot " +
			"be outputs of resources")
	}
	args := map[string]any{"withoutResources": true}
	for name, value := range file.AsMap().All {
		if value.IsString() {
			args[name] = value.AsString()
		}
	}
	said := map[string]any{}
	err := b.ctx.Invoke(pkg+"fromWrangler", args, &said, pulumi.Parent(b.app), pulumi.Version(version))
	if err != nil {
		return given, err
	}
	for name, theirs := range resource.FromResourcePropertyValue(resource.NewPropertyValue(said)).AsMap().All {
		ours, ok := given.GetOk(name)
		switch {
		case !ok || ours.IsNull():
			given = given.Set(name, theirs)
		case ours.IsMap() && theirs.IsMap():
			merged := theirs.AsMap()
			for member, value := range ours.AsMap().All {
				merged = merged.Set(member, value)
			}
			given = given.Set(name, property.WithGoValue(ours, merged))
		}
	}
	return given, nil
}

func (b *builder) has(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return !b.given.Get(name).IsNull() })
}

// build makes storage, the bundle and the Worker, and sets the outputs.
func (b *builder) build() error {
	bindings, err := b.bindings()
	if err != nil {
		return err
	}
	args := pulumi.Map{}
	for name, value := range b.given.AllStable {
		if slices.Contains(own, name) {
			continue
		}
		in, err := input(b.ctx, value)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if in != nil {
			args[name] = in
		}
	}
	if bindings != nil {
		args["bindings"] = bindings
	}
	if !b.has("routes", "customDomains", "workersDev") {
		args["workersDev"] = pulumi.Map{"enabled": pulumi.Bool(true)}
	}
	b.app.Bundle = pulumi.Map{}.ToMapOutput()
	if err := b.bundle(); err != nil {
		return err
	}
	if b.has("path", "archive", "bundle", "promoteFrom") {
		args["bundle"] = b.app.Bundle
	}
	var worker struct {
		pulumi.CustomResourceState

		URLs       pulumi.StringArrayOutput `pulumi:"urls"`
		ScriptName pulumi.StringOutput      `pulumi:"scriptName"`
		VersionID  pulumi.StringOutput      `pulumi:"versionId"`
	}
	// What the bindings as a whole depend on (Java's SDK does not say it of each) cannot be said of them as a whole: one
	// unknown id would hide them all.
	on := pulumi.DependsOn(dependencies(b.given.Get("bindings").Dependencies()))
	if err := b.register("CloudflareWorker", b.name, args, &worker, on); err != nil {
		return err
	}
	b.app.URLs, b.app.ScriptName, b.app.VersionID = worker.URLs, worker.ScriptName, worker.VersionID
	b.app.URL = worker.URLs.ApplyT(func(all []string) string {
		if len(all) == 0 {
			return ""
		}
		return all[0]
	}).(pulumi.StringOutput)
	return nil
}

// register makes a child. It is in the account of the Worker.
func (b *builder) register(
	kind, name string, args pulumi.Map, child pulumi.CustomResource, opts ...pulumi.ResourceOption,
) error {
	if account, err := input(b.ctx, b.given.Get("accountId")); err != nil {
		return err
	} else if account != nil {
		args["accountId"] = account
	}
	return b.ctx.RegisterResource(pkg+kind, name, args, child, append(slices.Clip(b.opts), opts...)...)
}

// bundle finds out the reference of the bundle that the Worker runs, if it is to run any.
func (b *builder) bundle() error {
	said := slices.DeleteFunc([]string{"path", "archive", "bundle", "promoteFrom"}, func(name string) bool {
		return !b.has(name)
	})
	switch {
	case b.has("build") && !b.has("path"):
		return errors.New("build: says how the output at path is made: give path")
	case len(said) > 1:
		return fmt.Errorf("%s: give just one of path, archive, bundle and promoteFrom: each is what the Worker runs", said[1])
	case len(said) == 0 && !b.has("assets"):
		return errors.New("path: must be the build output; or give archive, bundle or promoteFrom")
	case len(said) == 0:
		return nil
	case said[0] == "path", said[0] == "archive":
		return b.stored()
	}
	given := b.given.Get(said[0])
	if !given.IsMap() && !given.IsComputed() {
		return fmt.Errorf("%s: must be the reference of a bundle", said[0])
	}
	if said[0] == "promoteFrom" && given.IsMap() {
		if digest := given.AsMap().Get("sha256"); !digest.IsComputed() && (!digest.IsString() || digest.AsString() == "") {
			return errors.New("promoteFrom: has no sha256, without which nobody can tell that it is what was tested: " +
				"give the output bundle of the other stack's WorkerApp, or the reference of its WorkerBundle")
		}
	}
	reference, err := input(b.ctx, given)
	if err != nil {
		return fmt.Errorf("%s: %w", said[0], err)
	}
	output := pulumi.ToOutput(reference).ApplyT(func(reference any) map[string]any {
		members, _ := reference.(map[string]any)
		return members
	})
	b.app.Bundle, _ = output.(pulumi.MapOutput)
	return nil
}

// stored puts the build output into the bucket.
func (b *builder) stored() error {
	args := pulumi.Map{}
	for _, name := range []string{"path", "archive", "build", "bucket", "prefix"} {
		value := b.given.Get(name)
		if name == "build" {
			value = b.building(value)
		}
		in, err := input(b.ctx, value)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if in != nil {
			args[name] = in
		}
	}
	if args["bucket"] == nil {
		bucket := named{}
		made := pulumi.Map{"forceDestroy": pulumi.Bool(true)} // it holds nothing but this component's bundles
		if err := b.register("R2Bucket", b.name+"-bundles", made, &bucket); err != nil {
			return err
		}
		args["bucket"] = bucket.Name
	}
	var stored struct {
		pulumi.CustomResourceState

		Reference pulumi.MapOutput `pulumi:"reference"`
	}
	err := b.register("WorkerBundle", b.name, args, &stored)
	b.app.Bundle = stored.Reference
	return err
}

// building is a build that says where it is to find its command, if it has none: in the configuration of wrangler that
// describes the Worker.
func (b *builder) building(build property.Value) property.Value {
	file := b.given.Get("fromWrangler")
	if !build.IsMap() || !file.IsMap() {
		return build
	}
	said := build.AsMap()
	if !said.Get("command").IsNull() || !said.Get("config").IsNull() {
		return build
	}
	said = said.Set("config", file.AsMap().Get("path"))
	if environment, ok := file.AsMap().GetOk("environment"); ok && said.Get("environment").IsNull() {
		said = said.Set("environment", environment)
	}
	return property.WithGoValue(build, said)
}

// named is a resource that is known by its name.
type named struct {
	pulumi.CustomResourceState

	Name pulumi.StringOutput `pulumi:"name"`
}

// namespace is a KvNamespace.
type namespace struct {
	pulumi.CustomResourceState

	NamespaceID pulumi.StringOutput `pulumi:"namespaceId"`
}

// database is a D1Database.
type database struct {
	pulumi.CustomResourceState

	DatabaseID pulumi.StringOutput `pulumi:"databaseId"`
}

// A store is a kind of storage that a WorkerApp makes.
type store struct {
	input   string // of the component, which names the bindings
	kind    string // of the resource
	binding string // the member of a binding
	where   string // the member of that which says what it stands for
	made    func(*WorkerApp) *pulumi.StringMapOutput
	child   func() (pulumi.CustomResource, func() pulumi.StringOutput) // and what the binding says of it, once it is made
}

var stores = []store{
	{
		"kv", "KvNamespace", "kvNamespace", "id", func(a *WorkerApp) *pulumi.StringMapOutput { return &a.KvIDs },
		func() (pulumi.CustomResource, func() pulumi.StringOutput) {
			child := &namespace{}
			return child, func() pulumi.StringOutput { return child.NamespaceID }
		},
	},
	{
		"d1", "D1Database", "d1Database", "id", func(a *WorkerApp) *pulumi.StringMapOutput { return &a.D1IDs },
		func() (pulumi.CustomResource, func() pulumi.StringOutput) {
			child := &database{}
			return child, func() pulumi.StringOutput { return child.DatabaseID }
		},
	},
	{"r2", "R2Bucket", "r2Bucket", "name", func(a *WorkerApp) *pulumi.StringMapOutput { return &a.R2Names }, byName},
	{"queues", "Queue", "queue", "name", func(a *WorkerApp) *pulumi.StringMapOutput { return &a.QueueNames }, byName},
}

func byName() (pulumi.CustomResource, func() pulumi.StringOutput) {
	child := &named{}
	return child, func() pulumi.StringOutput { return child.Name }
}

// bindings makes the storage and binds it beside the bindings that are given. A binding of wrangler's file that says
// nothing about what it stands for is storage to be made, as wrangler would. It returns nil if there are none.
func (b *builder) bindings() (pulumi.Input, error) {
	given := b.given.Get("bindings")
	said := property.Map{}
	switch {
	case given.IsMap():
		said = given.AsMap()
	case given.IsComputed():
		if b.has("kv", "d1", "r2", "queues") {
			return nil, errors.New("bindings: their names must be known when the component is made")
		}
		return input(b.ctx, given)
	}
	wanted, err := b.wanted(said)
	if err != nil {
		return nil, err
	}
	all, err := inputs(b.ctx, said)
	if err != nil {
		return nil, fmt.Errorf("bindings.%w", err)
	}
	for i, names := range wanted {
		made := pulumi.StringMap{}
		for _, name := range names {
			child, says := stores[i].child()
			if err := b.register(stores[i].kind, b.name+"-"+name, pulumi.Map{}, child); err != nil {
				return nil, err
			}
			made[name] = says()
			binding := pulumi.Map{}
			if open := said.Get(name); open.IsMap() { // of wrangler's file
				if binding, err = inputs(b.ctx, open.AsMap().Get(stores[i].binding).AsMap()); err != nil {
					return nil, fmt.Errorf("bindings.%s.%w", name, err)
				}
			}
			binding[stores[i].where] = says()
			all[name] = pulumi.Map{stores[i].binding: binding}
		}
		*stores[i].made(b.app) = made.ToStringMapOutput()
	}
	if len(all) == 0 {
		return nil, nil //nolint:nilnil // an input that is absent
	}
	return all, nil
}

// wanted are the names of the bindings for which storage is to be made, by the index of the store, sorted.
func (b *builder) wanted(said property.Map) ([][]string, error) {
	wanted := make([][]string, len(stores))
	owner := map[string]string{} // of a name: the input that has it
	for name := range said.All {
		owner[name] = "bindings"
	}
	for i, s := range stores {
		list := b.given.Get(s.input)
		if list.HasComputed() || !list.IsNull() && !list.IsArray() {
			return nil, fmt.Errorf("%s: must be a list of names that are known when the component is made", s.input)
		}
		if list.IsArray() {
			for _, item := range list.AsArray().All {
				if !item.IsString() || item.AsString() == "" {
					return nil, fmt.Errorf("%s: must be a list of names", s.input)
				}
				name := item.AsString()
				if other, taken := owner[name]; taken {
					return nil, fmt.Errorf("%s: there is a binding %s already, in %s", s.input, name, other)
				}
				owner[name] = s.input
				wanted[i] = append(wanted[i], name)
			}
		}
		if b.has("fromWrangler") {
			for name, binding := range said.All {
				if binding.IsMap() && open(binding.AsMap(), s) {
					wanted[i] = append(wanted[i], name)
				}
			}
		}
		slices.Sort(wanted[i])
	}
	return wanted, nil
}

// open reports whether a binding is one of the store and does not say what it stands for.
func open(binding property.Map, s store) bool {
	settings, ok := binding.GetOk(s.binding)
	return ok && settings.IsMap() && settings.AsMap().Get(s.where).IsNull()
}
