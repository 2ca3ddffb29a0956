// SPDX-License-Identifier: Apache-2.0

package runtime

// World is everything that is deployed, in all accounts. It is always given whole. The runtime does not change
// it, and the caller must not either once it was given to [Runtime.Apply]. The zero value has no Workers.
type World struct {
	Workers []Worker
	// Routes are the zones' routes. The most specific one that matches a request wins, whatever their order.
	Routes []Route
	// Domains are the custom domains by lower-case host name; of a Route only Account and Script matter here.
	// A route that matches goes before the custom domain of its host.
	Domains map[string]Route
	// D1 are the D1 databases that exist. What is bound to another one fails when it is used.
	D1 []D1Database
}

// Worker is a Worker with what it serves and where.
type Worker struct {
	Account    string     // account id
	Name       string     // name of the Worker
	Subdomain  string     // the account's workers.dev subdomain; empty: the account has none
	WorkersDev bool       // whether <name>.<subdomain>.workers.dev is served
	Previews   bool       // whether <version prefix>-<name>.<subdomain>.workers.dev is served
	Split      []Weighted // the versions in deployment; empty: the Worker was uploaded but never deployed
	Versions   []Script   // versions that have a preview URL; those of Split need not be repeated
	// Objects are the namespaces of Durable Objects whose classes the Worker has. They run the version with the
	// largest share of the traffic.
	Objects []ObjectNamespace
	// Workflows are those whose classes the Worker has. They run the same version as Objects.
	Workflows []Workflow
}

// Weighted is a version and its share of the traffic.
type Weighted struct {
	Script  Script
	Percent float64 // 0 to 100; a version at 0 is reached by version override only
}

func (w *Worker) key() workerKey { return workerKey{w.Account, w.Name} }

// primary returns the version that other Workers' bindings reach: the one with the largest share of the traffic,
// the first of equals. It is nil for a Worker that is not deployed.
func (w *Worker) primary() *Script {
	var best *Weighted
	for i := range w.Split {
		if best == nil || w.Split[i].Percent > best.Percent {
			best = &w.Split[i]
		}
	}
	if best == nil {
		return nil
	}
	return &best.Script
}
