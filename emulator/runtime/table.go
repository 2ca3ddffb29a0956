// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// workersDev is the domain below which every account has a subdomain.
const workersDev = ".workers.dev"

// table is a world prepared for looking up where requests go. It does not change.
type table struct {
	workers    map[workerKey]*Worker
	subdomains map[string][]*Worker // by subdomain of workers.dev
	routes     []Route              // most specific first
	domains    map[string]Route
	scripts    map[scriptKey]*Script // all versions that can be reached
	deployed   map[workerKey]*Script // the versions that bindings reach
	eager      []*Script             // all versions in deployment
	databases  map[D1Database]bool   // of D1, that exist
	objects    objects
}

// newTable prepares world.
func newTable(world World) *table {
	t := &table{
		workers:    map[workerKey]*Worker{},
		subdomains: map[string][]*Worker{},
		routes:     sortRoutes(world.Routes),
		domains:    world.Domains,
		scripts:    map[scriptKey]*Script{},
		deployed:   map[workerKey]*Script{},
		databases:  map[D1Database]bool{},
		objects:    newObjects(world),
	}
	for _, d := range world.D1 {
		t.databases[d] = true
	}
	for i := range world.Workers {
		w := &world.Workers[i]
		t.workers[w.key()] = w
		if w.Subdomain != "" {
			t.subdomains[w.Subdomain] = append(t.subdomains[w.Subdomain], w)
		}
		for j := range w.Versions {
			t.scripts[w.Versions[j].key()] = &w.Versions[j]
		}
		for j := range w.Split {
			s := &w.Split[j].Script
			t.scripts[s.key()] = s
			t.eager = append(t.eager, s)
		}
		if s := w.primary(); s != nil {
			t.deployed[w.key()] = s
		}
	}
	return t
}

// destination is the front door's decision about a request.
type destination struct {
	script *Script // what answers; nil: page does
	page   *page   // what to answer instead
}

// lookup finds what answers a request: scheme, lower-case host without port, and path with query.
func (t *table) lookup(scheme, host, target string, header http.Header) destination {
	if t == nil {
		return destination{page: nothingDeployed}
	}
	if prefix, ok := strings.CutSuffix(host, workersDev); ok {
		return t.lookupDev(prefix, header)
	}
	for i := range t.routes {
		r := &t.routes[i]
		if !r.matches(scheme, host, target) {
			continue
		}
		if r.Script == "" {
			break // negates less specific routes; the custom domain stands behind routes as an origin does
		}
		return t.worker(workerKey{r.Account, r.Script}, header)
	}
	if domain, ok := t.domains[host]; ok {
		return t.worker(workerKey{domain.Account, domain.Script}, header)
	}
	return destination{page: t.noOrigin(host)}
}

// worker picks the version of a Worker that answers.
func (t *table) worker(key workerKey, header http.Header) destination {
	w := t.workers[key]
	if w == nil {
		return destination{page: noSuchWorker}
	}
	if s := w.pick(header); s != nil {
		return destination{script: s}
	}
	return destination{page: notDeployed}
}

// lookupDev finds what answers on workers.dev. Prefix is the host without that domain:
// "<worker>.<subdomain>" or "<first 8 of version id, or alias>-<worker>.<subdomain>".
//
// Source: https://developers.cloudflare.com/workers/configuration/previews/.
func (t *table) lookupDev(prefix string, header http.Header) destination {
	label, subdomain, _ := strings.Cut(prefix, ".")
	workers := t.subdomains[subdomain]
	for _, w := range workers {
		if w.Name == label && w.WorkersDev {
			return t.worker(w.key(), header)
		}
	}
	for _, w := range workers {
		version, ok := strings.CutSuffix(label, "-"+w.Name)
		if !ok || !w.Previews {
			continue
		}
		if s := w.preview(version); s != nil {
			return destination{script: s}
		}
	}
	return destination{page: nothingHere}
}

// preview returns the version whose id begins with prefix, which has 8 characters, or whose alias it is.
func (w *Worker) preview(prefix string) *Script {
	const prefixLength = 8
	is := func(s *Script) bool {
		return prefix != "" && s.Alias == prefix || len(prefix) == prefixLength && strings.HasPrefix(s.VersionID, prefix)
	}
	for i := range w.Split {
		if s := &w.Split[i].Script; is(s) {
			return s
		}
	}
	for i := range w.Versions {
		if s := &w.Versions[i]; is(s) {
			return s
		}
	}
	return nil
}

// hosts lists some of what the front door serves, for people who came to the wrong place.
func (t *table) hosts() []string {
	const enough = 10
	var hosts []string
	for _, w := range t.workers {
		if w.WorkersDev && w.Subdomain != "" {
			hosts = append(hosts, w.Name+"."+w.Subdomain+workersDev)
		}
	}
	for _, r := range t.routes {
		hosts = append(hosts, r.Host+r.Path)
	}
	hosts = append(hosts, slices.Collect(maps.Keys(t.domains))...)
	slices.Sort(hosts)
	return hosts[:min(enough, len(hosts))]
}
