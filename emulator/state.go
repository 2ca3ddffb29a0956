// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/assets"
)

// state is all that the API server remembers, apart from values in KV and objects in R2. It is what a snapshot holds,
// so everything in it is exported and has a JSON form.
type state struct {
	Accounts map[string]*account `json:"accounts"` // by id
	Zones    map[string]*zone    `json:"zones"`    // by id
}

// account is an account with what it owns.
type account struct {
	ID         string                `json:"id"`
	Name       string                `json:"name"`
	Subdomain  string                `json:"subdomain,omitempty"` // of workers.dev; empty: none registered yet
	Workers    map[string]*worker    `json:"workers"`             // by name
	Namespaces map[string]*namespace `json:"namespaces"`          // of KV, by id
	Databases  map[string]*database  `json:"databases,omitempty"` // of D1, by UUID
	Domains    map[string]*domain    `json:"domains"`             // by id
	Assets     map[string]*asset     `json:"assets"`              // static files, by the client's hash

	Stores map[string]*secretStore  `json:"stores,omitempty"` // of Secrets Store, by id
	Queues map[string]*messageQueue `json:"queues"`           // by id

	products
}

// worker is a Worker: settings that apply at once, versions that wait to be deployed, and its deployments.
type worker struct {
	Name             string          `json:"name"`
	Tag              string          `json:"tag"` // immutable id
	Created          timestamp       `json:"created"`
	Modified         timestamp       `json:"modified"`
	LastDeployedFrom string          `json:"lastDeployedFrom"`
	Settings         scriptSettings  `json:"settings"`
	Subdomain        subdomain       `json:"subdomain"`
	Schedules        []schedule      `json:"schedules"`
	MigrationTag     string          `json:"migrationTag,omitempty"`
	Classes          []objectClass   `json:"classes,omitempty"`
	Declared         bool            `json:"declared,omitempty"` // whether exports manage the classes
	Expected         []expectedClass `json:"expected,omitempty"`
	Versions         []*version      `json:"versions"`    // oldest first
	Deployments      []*deployment   `json:"deployments"` // oldest first
	Numbers          int             `json:"numbers"`     // versions ever made

	CodeUpdate *codeUpdateStrategy `json:"codeUpdate,omitempty"` // of the deployment in force; nil: the default
}

// latest returns the newest version, or nil if there is none.
func (w *worker) latest() *version {
	if len(w.Versions) == 0 {
		return nil
	}
	return w.Versions[len(w.Versions)-1]
}

// deployed returns the deployment in force, or nil if there is none.
func (w *worker) deployed() *deployment {
	if len(w.Deployments) == 0 {
		return nil
	}
	return w.Deployments[len(w.Deployments)-1]
}

// active returns the version that serves most of the traffic, which is the one that unversioned reads such as
// GET settings describe. It is the latest one if nothing is deployed.
func (w *worker) active() *version {
	d := w.deployed()
	if d == nil {
		return w.latest()
	}
	best := d.Versions[0]
	for _, share := range d.Versions[1:] {
		if share.Percentage > best.Percentage {
			best = share
		}
	}
	return w.version(best.VersionID)
}

// version returns the version with the id, or nil.
func (w *worker) version(id string) *version {
	for _, v := range w.Versions {
		if v.ID == id {
			return v
		}
	}
	return nil
}

// version is an immutable version of a Worker.
type version struct {
	ID                 string                     `json:"id"`
	Number             int                        `json:"number"`
	Created            timestamp                  `json:"created"`
	Source             string                     `json:"source"`
	Annotations        map[string]string          `json:"annotations"`
	ETag               string                     `json:"etag"`
	MainModule         string                     `json:"mainModule,omitempty"`
	BodyPart           string                     `json:"bodyPart,omitempty"`
	Modules            []module                   `json:"modules"`
	Handlers           []string                   `json:"handlers"`
	NamedHandlers      json.RawMessage            `json:"namedHandlers,omitempty"`
	StartupTimeMS      int                        `json:"startupTimeMs"`
	CompatibilityDate  string                     `json:"compatibilityDate,omitempty"`
	CompatibilityFlags []string                   `json:"compatibilityFlags,omitempty"`
	Bindings           []binding                  `json:"bindings"`
	UsageModel         string                     `json:"usageModel"`
	MigrationTag       string                     `json:"migrationTag,omitempty"`
	AssetsManifest     map[string]assetRef        `json:"assetsManifest,omitempty"`
	AssetsConfig       json.RawMessage            `json:"assetsConfig,omitempty"` // nil: there are no assets
	Other              map[string]json.RawMessage `json:"other,omitempty"`        // limits, placement, … as they came

	site *assets.Site // what serves the assets; nil until it is needed
}

// module is one part of an upload. Its content is kept in a file of its own, named by its digest.
type module struct {
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
	Digest      string `json:"digest"` // hex SHA-256 of Content
	Content     []byte `json:"-"`

	file string // the part's file name
}

// zone is a DNS zone with its Worker routes and its records.
type zone struct {
	ID        string                `json:"id"`
	Name      string                `json:"name"`
	AccountID string                `json:"accountId"`
	Routes    map[string]*zoneRoute `json:"routes"`  // by id
	Records   map[string]*dnsRecord `json:"records"` // by id

	EmailRules    map[string]*emailRule `json:"emailRules,omitempty"`    // of Email Routing, by id
	EmailCatchAll *emailRule            `json:"emailCatchAll,omitempty"` // nil: as in any new zone
}

// sorted returns the map's values in the order of its keys.
func sorted[V any](m map[string]V) []V {
	values := make([]V, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		values = append(values, m[key])
	}
	return values
}
