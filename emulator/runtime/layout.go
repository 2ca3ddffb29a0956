// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
)

//go:embed js/entry.js
var entrySource []byte

//go:embed js/tail.js
var tailSource []byte

// The names of services that are not Workers of the world. Those are called s0, s1, ….
const (
	entryService   = "entry"
	tailService    = "tail"
	networkService = "internet"
)

// systemDate is the compatibility date of the runtime's own Workers.
const systemDate = "2026-01-01"

// layout is a workerd configuration for a set of versions.
type layout struct {
	text     string               // the configuration file
	files    fileSet              // what it embeds
	scripts  []*Script            // the Workers by number of their service
	services map[scriptKey]string // names of the services
	broken   map[scriptKey]bool   // those that only throw
	objects  bool                 // whether it has Durable Objects
}

// faults are the parts of a layout that workerd would not start with.
type faults struct {
	services map[scriptKey]string            // messages by Worker
	bindings map[scriptKey]map[string]string // messages by Worker and name of binding
}

// newLayout writes the configuration that runs scripts and whatever they are bound to. Deployed gives the version
// of a Worker that bindings reach; objects are its Durable Objects. A script that cannot be written, or is among the
// faults, is replaced by one that throws.
func newLayout(
	socket string, network []string, scripts []*Script, deployed map[workerKey]*Script, objects objects, faults faults,
) *layout {
	l := &layout{files: fileSet{}, services: map[scriptKey]string{}, broken: map[scriptKey]bool{}}
	l.scripts = closure(scripts, deployed, objects)
	link := &linker{
		socket: socket, files: l.files, backends: map[string]string{}, objects: objects, routers: map[string]string{},
	}
	for i, s := range l.scripts {
		name := fmt.Sprintf("s%d", i)
		l.services[s.key()] = name
		if s.Assets {
			link.routers[name] = routerOf(name)
		}
	}
	link.service = func(key workerKey) (string, string) {
		target, ok := deployed[key]
		if !ok {
			return "", fmt.Sprintf("Worker %q not found", key.name)
		}
		if problem := faults.services[target.key()]; problem != "" {
			return "", fmt.Sprintf("Worker %q cannot start: %s", key.name, problem)
		}
		return l.services[target.key()], ""
	}

	var workers, entries []string
	for _, s := range l.scripts {
		name := quote(l.services[s.key()])
		if faults.services[s.key()] == "" {
			worker, err := l.worker(link, s, faults.bindings[s.key()])
			var engine string
			if err == nil {
				engine, err = objects.engine(link, s, l.services[s.key()])
			}
			if err == nil {
				hosted := objects.host(s, "localDisk = "+quote(objectsService))
				worker += hosted + engine
				l.objects = l.objects || hosted != "" || engine != ""
				for _, w := range objects.flows[s.key()] {
					designator, err := w.designator()
					if err != nil {
						continue // engine said so
					}
					entries = append(entries, fmt.Sprintf("(name = %s, service = %s)", quote(w.service()), designator))
				}
				workers = append(workers, fmt.Sprintf("(name = %s, worker = (%s))", name, worker))
				entries = append(entries, fmt.Sprintf("(name = %s, service = %s)", name, name))
				if s.Assets {
					router, entry := link.router(s, l.services[s.key()])
					workers, entries = append(workers, router), append(entries, entry)
				}
				continue
			}
			faults.add(s, err.Error())
			// Others may have been linked to this one already.
			return newLayout(socket, network, scripts, deployed, objects, faults)
		}
		l.broken[s.key()] = true
		problem := fmt.Sprintf("Worker %q cannot start: %s", s.Name, faults.services[s.key()])
		entries = append(entries, fmt.Sprintf("(name = %s, %s)", name, missing(problem)))
	}

	services := slices.Concat(workers, []string{
		fmt.Sprintf(`(name = %s, worker = (modules = [(name = "entry.js", esModule = %s)], `+
			`compatibilityDate = %s, compatibilityFlags = ["service_binding_extra_handlers"], bindings = %s))`,
			quote(entryService), l.files.embed(entrySource), quote(systemDate), list(entries)),
		fmt.Sprintf(`(name = %s, worker = (modules = [(name = "tail.js", esModule = %s)], `+
			`compatibilityDate = %s, bindings = [(name = "BACKEND", service = %s)]))`,
			quote(tailService), l.files.embed(tailSource), quote(systemDate), link.backend("tail")),
		fmt.Sprintf(`(name = %s, network = (allow = %s, tlsOptions = (trustBrowserCas = true)))`,
			quote(networkService), list(quoteAll(network))),
	}, link.backendServices())
	if l.objects {
		services = append(services, objects.diskService())
	}
	socketLiteral := fmt.Sprintf(`(name = "http", address = "127.0.0.1:0", service = %s, `+
		`http = (forwardedProtoHeader = %s, cfBlobHeader = %s))`,
		quote(entryService), quote(protoHeader), quote(cfHeader))
	l.text = configuration(services, []string{socketLiteral},
		[]string{link.extension()})
	return l
}

// worker writes the fields of a Worker literal for s.
func (l *layout) worker(link *linker, s *Script, broken map[string]string) (string, error) {
	if s.assetsOnly() {
		return link.routerCode(s, ""), nil
	}
	code, err := s.code(l.files)
	if err != nil {
		return "", err
	}
	settings, err := link.settings(s, broken)
	if err != nil {
		return "", err
	}
	props, err := json.Marshal(map[string]string{"worker": s.Name, "service": l.services[s.key()]})
	if err != nil {
		return "", fmt.Errorf("props of the tail: %w", err)
	}
	own := fmt.Sprintf("(name = %s, props = (json = %s))", quote(tailService), quote(string(props)))
	return fmt.Sprintf("%s, %s, tails = %s, streamingTails = %s", code, settings,
		list(append(link.consumers(s, s.Tails), own)), list(link.consumers(s, s.StreamingTails))), nil
}

// add records that a Worker cannot start.
func (f faults) add(s *Script, message string) { f.services[s.key()] = message }

// addBinding records that a binding cannot be provided.
func (f faults) addBinding(s *Script, name, message string) {
	if f.bindings[s.key()] == nil {
		f.bindings[s.key()] = map[string]string{}
	}
	f.bindings[s.key()][name] = message
}

// size tells whether faults were added.
func (f faults) size() int {
	n := len(f.services)
	for _, bindings := range f.bindings {
		n += len(bindings)
	}
	return n
}

// closure returns scripts and all that they are bound to, without doubles, in the order of their keys.
func closure(scripts []*Script, deployed map[workerKey]*Script, objects objects) []*Script {
	seen := map[scriptKey]bool{}
	var all []*Script
	for queue := slices.Clone(scripts); len(queue) > 0; {
		s := queue[0]
		queue = queue[1:]
		if seen[s.key()] {
			continue
		}
		seen[s.key()] = true
		all = append(all, s)
		for _, consumer := range slices.Concat(s.Tails, s.StreamingTails) {
			if target, ok := deployed[workerKey{s.Account, consumer}]; ok {
				queue = append(queue, target)
			}
		}
		for _, raw := range s.Bindings {
			if home, ok := objects.target(s, raw); ok {
				queue = append(queue, deployed[home])
			}
			var b struct{ Type, Service string }
			if err := json.Unmarshal(raw, &b); err != nil || b.Type != "service" {
				continue // reported when the binding is written
			}
			if target, ok := deployed[workerKey{s.Account, b.Service}]; ok {
				queue = append(queue, target)
			}
		}
	}
	slices.SortFunc(all, func(a, b *Script) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.VersionID, b.VersionID))
	})
	return all
}
