// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

// Cloudflare's limits: https://developers.cloudflare.com/workers/platform/limits/
const (
	maxScriptName        = 63       // characters: it becomes a DNS label
	maxPreviewScriptName = 54       // characters: preview addresses put 8 digits and a dash before it
	maxVariables         = 128      // variables and secrets together, on the paid plan
	maxVariableBytes     = 5 * 1024 // each
)

var (
	scriptName        = regexp.MustCompile(`^[a-z0-9_][a-z0-9_-]*$`)
	zoneID            = regexp.MustCompile(`^[0-9a-f]{32}$`)
	compatibilityFlag = regexp.MustCompile(`^[a-z0-9_:-]+$`)
)

// Check validates what is known, names the Worker and resolves the bundle's
// digest, so that a changed bundle behind an unchanged key is a difference.
func (w *CloudflareWorker) Check(
	ctx context.Context, req infer.CheckRequest,
) (infer.CheckResponse[CloudflareWorkerArgs], error) {
	args, failures, err := infer.DefaultCheck[CloudflareWorkerArgs](ctx, req.NewInputs)
	if err != nil || len(failures) > 0 {
		return infer.CheckResponse[CloudflareWorkerArgs]{Inputs: args, Failures: failures}, err
	}
	if args.ScriptName == "" && !computed(req.NewInputs, "scriptName") {
		args.ScriptName = autoname(ctx, req, "scriptName", maxPreviewScriptName)
	}
	failures = checkAccount(ctx, &args.AccountID, req.NewInputs)
	failures = append(failures, checkWorker(args, req.NewInputs)...)
	if len(failures) == 0 {
		failures, err = resolveAddresses(ctx, &args, req)
	}
	if len(failures) == 0 && err == nil {
		failures, err = resolveBundle(ctx, &args, req.NewInputs)
	}
	if len(failures) == 0 && err == nil {
		failures, err = resolveAssets(ctx, &args, req.NewInputs)
	}
	if len(failures) == 0 && err == nil {
		failures, err = resolveEmailZones(ctx, &args, req)
	}
	return infer.CheckResponse[CloudflareWorkerArgs]{Inputs: args, Failures: failures}, explain(err)
}

// resolveBundle fills in the digest of a bundle that the program does not pin.
func resolveBundle(ctx context.Context, args *CloudflareWorkerArgs, inputs property.Map) ([]p.CheckFailure, error) {
	if args.assetsOnly() {
		return nil, nil
	}
	for _, member := range []string{"bucket", "key", "sha256", "jurisdiction"} {
		if computed(inputs, "bundle", member) || computed(inputs, "accountId") {
			return nil, nil
		}
	}
	resolved := *args.Bundle
	args.Bundle = &resolved
	if resolved.SHA256 != "" {
		d, err := digest.Parse(resolved.SHA256)
		if err == nil {
			resolved.SHA256 = d.String()
			return nil, nil
		}
		return []p.CheckFailure{{Property: "bundle.sha256", Reason: err.Error()}}, nil
	}
	store := bundleStore{api: api(ctx), cache: cache(ctx), account: args.AccountID}
	d, err := store.digest(ctx, resolved)
	if errors.Is(err, cfapi.ErrNotFound) {
		return []p.CheckFailure{{Property: "bundle", Reason: explain(err).Error()}}, nil
	}
	if err != nil {
		return nil, err
	}
	resolved.SHA256 = d.String()
	return nil, nil
}

// A checker collects failures about inputs that are known.
type checker struct {
	inputs   property.Map
	failures []p.CheckFailure
}

// fail reports what is wrong with the property at path, if wrong and if it is known.
func (c *checker) fail(wrong bool, path []string, format string, args ...any) {
	if wrong && !computed(c.inputs, path...) {
		c.failures = append(c.failures, p.CheckFailure{Property: propertyPath(path), Reason: fmt.Sprintf(format, args...)})
	}
}

var plainKey = regexp.MustCompile(`^[a-zA-Z_$][a-zA-Z0-9_$]*$`)

// propertyPath writes a path as Pulumi does: routes["example.com/*"].zoneId.
func propertyPath(path []string) string {
	var b strings.Builder
	for i, key := range path {
		switch {
		case !plainKey.MatchString(key):
			fmt.Fprintf(&b, "[%q]", key)
		case i > 0:
			b.WriteString("." + key)
		default:
			b.WriteString(key)
		}
	}
	return b.String()
}

// checkWorker finds what is wrong with args. It is pure.
func checkWorker(args CloudflareWorkerArgs, inputs property.Map) []p.CheckFailure {
	c := &checker{inputs: inputs}
	c.name(args)
	c.code(args)
	if c.hasBundle(args) {
		bundlePath := func(member string) []string { return []string{"bundle", member} }
		bucket, key := args.bundle().Bucket, args.bundle().Key
		c.fail(bucket == "", bundlePath("bucket"), "must name an R2 bucket")
		c.fail(key == "" || key == "/", bundlePath("key"), "must be the key of an object, or a "+
			"prefix that ends in \"/\"")
		c.fail(len(key) > 1 && key[0] == '/', bundlePath("key"), "%q begins with a slash, which an R2 key does not", key)
	}
	_, err := time.Parse(time.DateOnly, args.CompatibilityDate)
	c.fail(err != nil, []string{"compatibilityDate"}, "%q is not a date such as 2026-11-01; it says which runtime "+
		"behaviour the Worker was written for "+
		"(https://developers.cloudflare.com/workers/configuration/compatibility-dates/)",
		args.CompatibilityDate)
	for i, flag := range args.CompatibilityFlags {
		c.fail(flag != "" && !compatibilityFlag.MatchString(flag), []string{"compatibilityFlags"}, "%q is not a "+
			"compatibility flag", flag)
		c.fail(flag != "" && slices.Index(args.CompatibilityFlags, flag) < i, []string{"compatibilityFlags"}, "%q is "+
			"there twice", flag)
	}
	c.env(args)
	c.classes(args)
	c.settings(args)
	c.routes(args)
	c.customDomains(args)
	c.assets(args)
	c.events(args)
	c.rawMetadata(args)
	c.unmanagedVariables(args)
	c.codeUpdate(args.CodeUpdateStrategy)
	percent := percentage(args)
	c.fail(percent < 0 || percent > 100, []string{"rollout", "percentage"}, "%g is not a percentage from 0 to 100",
		percent)
	return c.failures
}

func (c *checker) name(args CloudflareWorkerArgs) {
	path := []string{"scriptName"}
	c.fail(args.ScriptName != "" && !scriptName.MatchString(args.ScriptName), path,
		"%q is not a Worker's name: lower-case letters, digits, \"-\" and \"_\", not beginning with \"-\"", args.ScriptName)
	c.fail(len(args.ScriptName) > maxScriptName, path, "has %d characters; Cloudflare allows %d",
		len(args.ScriptName), maxScriptName)
	c.fail(subdomain(args.WorkersDev).PreviewsEnabled && len(args.ScriptName) > maxPreviewScriptName, path,
		"has %d characters; with workersDev.previewsEnabled Cloudflare allows %d", len(args.ScriptName), maxPreviewScriptName)
}

// env checks what a Worker sees in its env: variables, secrets and bindings share one space of names.
func (c *checker) env(args CloudflareWorkerArgs) {
	owner := map[string]string{}
	claim := func(property, name string) {
		path := []string{property, name}
		c.fail(name == "", path, "a name in env cannot be empty")
		other, taken := owner[name]
		c.fail(taken, path, "%s has the same name; in the Worker's env there can be only one %s", other, name)
		owner[name] = property
	}
	for _, name := range slices.Sorted(maps.Keys(args.Variables)) {
		claim("variables", name)
		c.value([]string{"variables", name}, args.Variables[name])
	}
	for _, name := range slices.Sorted(maps.Keys(args.Secrets)) {
		claim("secrets", name)
	}
	for _, name := range slices.Sorted(maps.Keys(args.Bindings)) {
		claim("bindings", name)
		c.binding([]string{"bindings", name}, args.Bindings[name])
	}
	for _, name := range args.RequiredSecrets {
		other := owner[name]
		c.fail(other == "variables" || other == "bindings", []string{"requiredSecrets"}, "%s has the name of the secret %q, "+
			"which it would replace", other, name)
	}
	switch args.policy() {
	case KeepUnmanaged, RemoveUnmanaged, RefuseUnmanaged:
	default:
		c.fail(true, []string{"unmanagedSecrets"}, "%q is not one of keep, remove, error", args.policy())
	}
	n := len(args.Variables) + len(args.Secrets)
	c.fail(n > maxVariables, []string{"variables"}, "there are %d variables and secrets together; Cloudflare allows %d",
		n, maxVariables)
}

func (c *checker) value(path []string, value any) {
	text, ok := value.(string)
	if !ok {
		raw, err := json.Marshal(value)
		c.fail(err != nil, path, "cannot be written as JSON: %v", err)
		text = string(raw)
	}
	size := len(text)
	c.fail(size > maxVariableBytes, path, "has %d bytes; Cloudflare allows %d", size, maxVariableBytes)
}

func (c *checker) routes(args CloudflareWorkerArgs) {
	for _, pattern := range slices.Sorted(maps.Keys(args.Routes)) {
		route, path := args.Routes[pattern], []string{"routes", pattern}
		c.zoneID(path, route.ZoneID)
		c.fail(!strings.Contains(withoutScheme(pattern), "."), path, "is not a route pattern such as example.com/api/*")
		c.fail(strings.ContainsAny(pattern, "?# "), path, "a route pattern matches host and path only: no query, no spaces")
		c.fail(route.DNSRecord && hostOf(pattern) == "", append(slices.Clone(path), "dnsRecord"),
			"no DNS record can serve a host with that wildcard: set it for a plain host name or \"*.\" and a domain")
	}
}

// zoneID checks the zone of what is at path, if the program gives it by its id.
func (c *checker) zoneID(path []string, id string) {
	c.fail(id != "" && !zoneID.MatchString(id), append(slices.Clone(path), "zoneId"), "%q is not a zone id: 32 "+
		"lower-case hex digits, as on the zone's overview page", id)
}
