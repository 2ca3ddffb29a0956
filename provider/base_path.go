// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"path"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

var (
	withScheme  = regexp.MustCompile(`^[a-zA-Z][a-zA-Z\d+.-]*:`)
	unprintable = regexp.MustCompile("[\x00-\x1f\x7f]")
)

// basePath checks the path below which assets are served, as Cloudflare's asset worker does (workers-sdk,
// packages/workers-shared/utils/base-path.ts, in the version that wrangler 4.164.0 contains).
func (c *checker) basePath(w WorkerAssets) {
	at, value := []string{"assets", "basePath"}, w.BasePath
	switch {
	case strings.HasPrefix(value, "//") || withScheme.MatchString(value):
		c.fail(true, at, "%q is a URL: give the path alone, such as /docs", value)
	case strings.ContainsAny(value, `\?#%`) || unprintable.MatchString(value):
		c.fail(true, at, `%q is not a path: no query, no fragment, no backslash, and no character written as %%20`, value)
	}
}

// canonicalBase is the base path in one spelling: it begins and ends with a slash.
func canonicalBase(w WorkerAssets) string {
	base := path.Clean("/" + cmp.Or(w.BasePath, "/"))
	return strings.TrimSuffix(base, "/") + "/"
}

// strandedBase returns the base path if it is known that no address of the Worker leads to what is below it; else it is
// empty. A Worker without addresses is called by others. wrangler warns alike (wrangler 4.164.0, validateRoutes).
func strandedBase(args CloudflareWorkerArgs, inputs property.Map) string {
	base := canonicalBase(orZero(args.Assets))
	if base == "/" || subdomain(args.WorkersDev).Enabled || len(args.Routes)+len(args.CustomDomains) == 0 {
		return ""
	}
	for _, name := range []string{"assets", "workersDev", "routes", "customDomains"} {
		if inputs.Get(name).HasComputed() {
			return ""
		}
	}
	for _, domain := range args.CustomDomains {
		if domain.answers() {
			return ""
		}
	}
	for pattern := range args.Routes {
		if routeMatches(pattern, base) {
			return ""
		}
	}
	return base
}

// routeMatches reports whether requests for the path arrive by the route, on one of its hosts.
func routeMatches(pattern, path string) bool {
	pattern = withoutScheme(pattern)
	slash := strings.IndexByte(pattern, '/')
	if slash < 0 {
		return false
	}
	parts := strings.Split(pattern[slash:], "*")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	matched, err := regexp.MatchString("^"+strings.Join(parts, ".*")+"$", path)
	return err == nil && matched
}
