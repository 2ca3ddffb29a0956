// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

func valid() CloudflareWorkerArgs {
	args := wanted()
	args.Bundle.SHA256 = strings.Repeat("ab", 32)
	return args
}

func TestBadInputsAreNamed(t *testing.T) {
	t.Parallel()
	assert.Empty(t, checkWorker(valid(), property.Map{}))
	manySecrets := map[string]string{}
	for i := range 128 {
		manySecrets[fmt.Sprintf("S%03d", i)] = "x"
	}
	manySchedules := []string{}
	for i := range 251 {
		manySchedules = append(manySchedules, fmt.Sprintf("%d %d * * *", i%60, i/60))
	}
	var text strings.Builder
	cases := map[string]func(*CloudflareWorkerArgs){
		"name in capitals":      func(a *CloudflareWorkerArgs) { a.ScriptName = "Api" },
		"name begins with dash": func(a *CloudflareWorkerArgs) { a.ScriptName = "-api" },
		"name too long":         func(a *CloudflareWorkerArgs) { a.ScriptName = strings.Repeat("a", 64) },
		"name too long for previews": func(a *CloudflareWorkerArgs) {
			a.ScriptName, a.WorkersDev = strings.Repeat("a", 55), &WorkersDev{PreviewsEnabled: true}
		},
		"neither code nor assets": func(a *CloudflareWorkerArgs) { a.Bundle = nil },
		"assets only, with what is for code": func(a *CloudflareWorkerArgs) {
			a.Bundle = nil
			a.Assets = &WorkerAssets{Directory: "public", RunWorkerFirst: true}
			a.MainModule, a.Format, a.RequiredSecrets = "index.js", "modules", []string{"X"}
			a.Limits, a.CacheOptions, a.Placement = &Limits{}, &CacheOptions{}, &Placement{Mode: SmartPlacement}
			a.Schedules, a.Exports = []string{"* * * * *"}, map[string]WorkerExport{"A": {Storage: "sqlite"}}
			a.TailConsumers = map[string]TailConsumer{"a": {}}
			a.StreamingTailConsumers = map[string]StreamingTailConsumer{"a": {}}
		},
		"assets only, with rules": func(a *CloudflareWorkerArgs) {
			*a = CloudflareWorkerArgs{ScriptName: "site", CompatibilityDate: "2026-01-01"}
			a.Assets = &WorkerAssets{Directory: "public", RunWorkerFirstRules: []string{"/api/*"}}
			a.Migrations = []Migration{{Tag: "v1", NewSqliteClasses: []string{"A"}}}
		},
		"unknown format": func(a *CloudflareWorkerArgs) { a.Format = "esm" },
		"part in a module": func(a *CloudflareWorkerArgs) {
			a.Bindings["B"] = Binding{DataBlob: &DataBlobBinding{Part: "a.bin"}}
		},
		"Python by name":    func(a *CloudflareWorkerArgs) { a.MainModule = "entry.py" },
		"Python in a file":  func(a *CloudflareWorkerArgs) { a.Bundle.Key = "api/entry.py" },
		"Python as classic": func(a *CloudflareWorkerArgs) { a.MainModule, a.Format = "entry.py", "service-worker" },
		"classes in service-worker syntax": func(a *CloudflareWorkerArgs) {
			a.Format, a.Assets = "service-worker", &WorkerAssets{Directory: "public"}
			a.Migrations = []Migration{{Tag: "v1", NewSqliteClasses: []string{"A"}}}
			a.Bindings["O"] = Binding{DurableObjectNamespace: &DurableObjectNamespaceBinding{ClassName: "A"}}
		},
		"exports in service-worker syntax": func(a *CloudflareWorkerArgs) {
			a.Format, a.Exports = "service-worker", map[string]WorkerExport{"A": {Storage: "sqlite"}}
		},
		"no bucket":             func(a *CloudflareWorkerArgs) { a.Bundle.Bucket = "" },
		"no key":                func(a *CloudflareWorkerArgs) { a.Bundle.Key = "" },
		"key is the root":       func(a *CloudflareWorkerArgs) { a.Bundle.Key = "/" },
		"key begins with /":     func(a *CloudflareWorkerArgs) { a.Bundle.Key = "/api/" },
		"no date":               func(a *CloudflareWorkerArgs) { a.CompatibilityDate = "" },
		"no such date":          func(a *CloudflareWorkerArgs) { a.CompatibilityDate = "2026-02-30" },
		"flag with a space":     func(a *CloudflareWorkerArgs) { a.CompatibilityFlags = []string{"nodejs compat"} },
		"flag twice":            func(a *CloudflareWorkerArgs) { a.CompatibilityFlags = []string{"a", "b", "a"} },
		"empty variable name":   func(a *CloudflareWorkerArgs) { a.Variables = map[string]any{"": "x"} },
		"variable and secret":   func(a *CloudflareWorkerArgs) { a.Variables = map[string]any{"KEY": "x"} },
		"variable and binding":  func(a *CloudflareWorkerArgs) { a.Variables = map[string]any{"CACHE": "x"} },
		"large variable":        func(a *CloudflareWorkerArgs) { a.Variables["BIG"] = strings.Repeat("x", 5121) },
		"large JSON variable":   func(a *CloudflareWorkerArgs) { a.Variables["BIG"] = []any{strings.Repeat("x", 5120)} },
		"required and variable": func(a *CloudflareWorkerArgs) { a.RequiredSecrets = []string{"LEVEL"} },
		"unknown policy":        func(a *CloudflareWorkerArgs) { a.UnmanagedSecrets = new(UnmanagedSecrets("drop")) },
		"too many":              func(a *CloudflareWorkerArgs) { a.Secrets = manySecrets },
		"empty binding":         func(a *CloudflareWorkerArgs) { a.Bindings["B"] = Binding{} },
		"binding with two members": func(a *CloudflareWorkerArgs) {
			a.Bindings["B"] = Binding{R2Bucket: &R2BucketBinding{Name: "b"}, Service: &ServiceBinding{Name: "s"}}
		},
		"namespace without id": func(a *CloudflareWorkerArgs) {
			a.Bindings["B"] = Binding{KvNamespace: &KvNamespaceBinding{}}
		},
		"bucket without name":  func(a *CloudflareWorkerArgs) { a.Bindings["B"] = Binding{R2Bucket: &R2BucketBinding{}} },
		"service without name": func(a *CloudflareWorkerArgs) { a.Bindings["B"] = Binding{Service: &ServiceBinding{}} },
		"zone by name":         func(a *CloudflareWorkerArgs) { a.Routes["a.com/*"] = Route{ZoneID: "a.com"} },
		"route without a dot":  func(a *CloudflareWorkerArgs) { a.Routes["localhost/*"] = Route{ZoneID: zoneA} },
		"route with a query":   func(a *CloudflareWorkerArgs) { a.Routes["a.com/?x=*"] = Route{ZoneID: zoneA} },
		"custom domains that are none": func(a *CloudflareWorkerArgs) {
			a.CustomDomains = map[string]CustomDomain{}
			for _, host := range []string{"https://a.com", "a.com/*", "*.a.com", "A.com", "localhost", "a..com", "a.com:443"} {
				a.CustomDomains[host] = CustomDomain{ZoneID: zoneA}
			}
		},
		"custom domain's zone": func(a *CloudflareWorkerArgs) {
			a.CustomDomains = map[string]CustomDomain{"a.com": {ZoneID: "a.com"}}
		},
		"record beside a custom domain": func(a *CloudflareWorkerArgs) {
			a.Routes["a.com/x*"] = Route{ZoneID: zoneA, DNSRecord: true}
			a.CustomDomains = map[string]CustomDomain{"a.com": {ZoneID: zoneA}}
		},
		"unknown placement": func(a *CloudflareWorkerArgs) { a.Placement = &Placement{Mode: "off"} },
		"smart and targeted": func(a *CloudflareWorkerArgs) {
			a.Placement = &Placement{Mode: SmartPlacement, Region: "aws:us-east-1"}
		},
		"placement near nothing": func(a *CloudflareWorkerArgs) { a.Placement = &Placement{Mode: TargetedPlacement} },
		"placement near two": func(a *CloudflareWorkerArgs) {
			a.Placement = &Placement{Mode: TargetedPlacement, Host: "a.com:1", Hostname: "a.com", Hint: "weur"}
		},
		"base paths that are none": func(a *CloudflareWorkerArgs) {
			a.Assets = &WorkerAssets{Directory: "public", BasePath: "https://example.com/docs"}
		},
		"base path with a query": func(a *CloudflareWorkerArgs) {
			a.Assets = &WorkerAssets{Directory: "public", BasePath: "/docs?x"}
		},
		"unknown policy of variables": func(a *CloudflareWorkerArgs) { a.UnmanagedVariables = "delete" },
		"unknown mode of code updates": func(a *CloudflareWorkerArgs) {
			a.CodeUpdateStrategy = &CodeUpdateStrategy{Mode: "later"}
		},
		"no delay at once": func(a *CloudflareWorkerArgs) {
			a.CodeUpdateStrategy = &CodeUpdateStrategy{Mode: "immediate", MaxDelay: new(1.0)}
		},
		"delay of more than a day": func(a *CloudflareWorkerArgs) {
			a.CodeUpdateStrategy = &CodeUpdateStrategy{Mode: "deferred", MaxDelay: new(86401.0)}
		},
		"delay of half a millisecond": func(a *CloudflareWorkerArgs) {
			a.CodeUpdateStrategy = &CodeUpdateStrategy{Mode: "deferred", MaxDelay: new(0.0005)}
		},
		"metadata that is an input": func(a *CloudflareWorkerArgs) {
			a.RawMetadata = map[string]any{"code_update_strategy": map[string]any{"mode": "immediate"}}
		},
		"no CPU time":    func(a *CloudflareWorkerArgs) { a.Limits = &Limits{CPUMs: new(0)} },
		"no subrequests": func(a *CloudflareWorkerArgs) { a.Limits = &Limits{Subrequests: new(-1)} },
		"long message": func(a *CloudflareWorkerArgs) {
			a.Annotations = &Annotations{Message: strings.Repeat("x", 1000)}
		},
		"long tag": func(a *CloudflareWorkerArgs) { a.Annotations = &Annotations{Tag: strings.Repeat("x", 101)} },
		"rates that are none": func(a *CloudflareWorkerArgs) {
			a.Observability = &Observability{
				HeadSamplingRate: new(1.01), Logs: &ObservabilityLogs{HeadSamplingRate: new(-0.01)},
				Traces: &ObservabilityTraces{HeadSamplingRate: new(100.0)},
			}
		},
		"destinations twice": func(a *CloudflareWorkerArgs) {
			a.Observability = &Observability{
				Logs:   &ObservabilityLogs{Destinations: []string{"a", "b", "a"}},
				Traces: &ObservabilityTraces{Destinations: []string{""}},
			}
		},
		"too many tags": func(a *CloudflareWorkerArgs) { a.Tags = strings.Split("a b c d e f g h i j k", " ") },
		"tag twice":     func(a *CloudflareWorkerArgs) { a.Tags = []string{"a", "b", "a"} },
		"empty tag":     func(a *CloudflareWorkerArgs) { a.Tags = []string{""} },
		"consumer with a dot": func(a *CloudflareWorkerArgs) {
			a.TailConsumers = map[string]TailConsumer{"a.b": {}}
			a.StreamingTailConsumers = map[string]StreamingTailConsumer{"-": {}}
		},
		"wrong schedule":     func(a *CloudflareWorkerArgs) { a.Schedules = []string{"* * * * *", "0 0 * * 0"} },
		"schedule twice":     func(a *CloudflareWorkerArgs) { a.Schedules = []string{"* * * * *", "* * * * *"} },
		"too many schedules": func(a *CloudflareWorkerArgs) { a.Schedules = manySchedules },
		"record for a wildcard": func(a *CloudflareWorkerArgs) {
			a.Routes["*a.com/*"] = Route{ZoneID: zoneA, DNSRecord: true}
		},
	}
	for _, situation := range slices.Sorted(maps.Keys(cases)) {
		args := valid()
		args.Variables, args.Secrets = maps.Clone(args.Variables), maps.Clone(args.Secrets)
		args.Bindings, args.Routes = maps.Clone(args.Bindings), maps.Clone(args.Routes)
		cases[situation](&args)
		failures := checkWorker(args, property.Map{})
		assert.NotEmpty(t, failures, situation)
		fmt.Fprintf(&text, "%s\n", situation)
		for _, f := range failures {
			fmt.Fprintf(&text, "  %s: %s\n", f.Property, f.Reason)
		}
	}
	golden(t, "check.txt", text.String())
}

func TestWhatIsNotKnownIsNotJudged(t *testing.T) {
	t.Parallel()
	unknown := property.New(property.Computed)
	inputs := property.NewMap(map[string]property.Value{
		"scriptName": unknown, "compatibilityDate": unknown, "bundle": unknown,
		"placement": property.New(map[string]property.Value{"mode": property.New("targeted"), "host": unknown}),
		"tags":      property.New([]property.Value{unknown, unknown}), "schedules": unknown,
		"bindings": property.New(map[string]property.Value{
			"WHOLE":  unknown,
			"MEMBER": property.New(map[string]property.Value{"service": unknown}),
			"ID": property.New(map[string]property.Value{
				"kvNamespace": property.New(map[string]property.Value{"id": unknown}),
			}),
		}),
		"routes": property.New(map[string]property.Value{
			"a.com/*": property.New(map[string]property.Value{"zoneId": unknown}),
		}),
		"customDomains": property.New(map[string]property.Value{
			"a.com": property.New(map[string]property.Value{"zoneId": unknown}),
		}),
	})
	args := CloudflareWorkerArgs{
		Placement: &Placement{Mode: TargetedPlacement}, Tags: []string{"", ""}, Schedules: []string{""},
		Bindings: map[string]Binding{"WHOLE": {}, "MEMBER": {}, "ID": {KvNamespace: &KvNamespaceBinding{}}},
		Routes:   map[string]Route{"a.com/*": {ZoneID: "x"}}, CustomDomains: map[string]CustomDomain{"a.com": {ZoneID: "x"}},
	}
	assert.Empty(t, checkWorker(args, inputs))
	assert.NotEmpty(t, checkWorker(args, property.Map{}), "the same, if it is known to be empty")
}

func TestPropertyPathsAreWrittenAsPulumiDoes(t *testing.T) {
	t.Parallel()
	for want, path := range map[string][]string{
		`bundle.sha256`:                  {"bundle", "sha256"},
		`routes["example.com/*"].zoneId`: {"routes", "example.com/*", "zoneId"},
		`bindings["a\"b"]`:               {"bindings", `a"b`},
	} {
		assert.Equal(t, want, propertyPath(path))
	}
}
