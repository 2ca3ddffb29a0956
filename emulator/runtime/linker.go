// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	_ "embed"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

//go:embed js/missing.js
var missingSource []byte

// bindingHeader tells the backend which binding a request is for. workerd adds it and removes any that a Worker
// sent.
const bindingHeader = "Emulator-Binding"

// defaultCompatibilityDate is what Cloudflare assumes for an upload without a date. Source:
// https://developers.cloudflare.com/workers/configuration/compatibility-dates/.
const defaultCompatibilityDate = "2021-11-02"

// linker writes scripts as workerd services, and collects what they refer to.
type linker struct {
	socket   string // path of the backend's socket
	files    fileSet
	backends map[string]string // Service literals of the backend's faces, by name
	stable   bool              // whether workerd runs without its experimental features
	// service returns the name of the service that runs a Worker, or why there is none.
	service func(workerKey) (name, problem string)
	objects objects // the namespaces that bindings reach
	// routers are the services that stand before Workers with assets, by the Worker's service.
	routers map[string]string
}

// backend returns the designator of a service that reaches the backend for a kind of binding and what it is bound to.
func (l *linker) backend(kind string, subject ...string) string {
	parts := []string{kind}
	for _, s := range subject {
		parts = append(parts, url.PathEscape(s))
	}
	subjects := strings.Join(parts, "/")
	name := "backend:" + subjects
	l.backends[name] = fmt.Sprintf("(name = %s, external = (address = %s, http = "+
		"(injectRequestHeaders = [(name = %s, value = %s)])))",
		quote(name), quote("unix:"+l.socket), quote(bindingHeader), quote(subjects))
	return quote(name)
}

// backendServices returns the services that reach the backend, in a stable order.
func (l *linker) backendServices() []string {
	var services []string
	for _, name := range slices.Sorted(maps.Keys(l.backends)) {
		services = append(services, l.backends[name])
	}
	return services
}

// settings writes the fields of a Worker literal other than its code. Bindings named in broken throw the message
// given there.
func (l *linker) settings(s *Script, broken map[string]string) (string, error) {
	var bindings []string
	for _, raw := range s.Bindings {
		b, err := parseBinding(raw)
		if err != nil {
			return "", err
		}
		value, err := l.value(s, b, broken[b.Name])
		if err != nil {
			return "", err
		}
		bindings = append(bindings, fmt.Sprintf("(name = %s, %s)", quote(b.Name), value))
	}
	date := s.CompatibilityDate
	if date == "" {
		date = defaultCompatibilityDate
	}
	flags := s.CompatibilityFlags
	if s.python() {
		flags = nil // with python_workers, workerd would look for Python
	}
	return fmt.Sprintf("compatibilityDate = %s, compatibilityFlags = %s, bindings = %s",
		quote(date), list(quoteAll(flags)), list(bindings)), nil
}

// consumers writes the Workers that get the traces of s. One that is not deployed or cannot start gets none, and no
// Worker gets its own: each trace would make another.
func (l *linker) consumers(s *Script, names []string) (services []string) {
	for _, name := range names {
		if name == s.Name {
			continue
		}
		if target, problem := l.service(workerKey{s.Account, name}); problem == "" {
			services = append(services, "(name = "+quote(target)+")")
		}
	}
	return services
}

// value writes the value of one binding.
func (l *linker) value(s *Script, b binding, problem string) (string, error) {
	if problem != "" {
		return missing(problem), nil
	}
	bind, ok := binders[b.Type]
	if !ok {
		return missing(fmt.Sprintf("binding %q is of type %q, which the local runtime does not have",
			b.Name, b.Type)), nil
	}
	return bind(l, s, b)
}

// extension writes the extension that every configuration needs.
func (l *linker) extension() string {
	var modules []string
	for name, source := range map[string][]byte{
		"emulator:missing": missingSource, "emulator:ratelimit": rateLimitSource, "emulator:analytics": analyticsSource,
		"emulator:email": emailSource, "cloudflare-internal:email": emailMessageSource,
	} {
		modules = append(modules,
			fmt.Sprintf("(name = %s, internal = true, esModule = %s)", quote(name), l.files.embed(source)))
	}
	slices.Sort(modules)
	return "(modules = " + list(modules) + ")"
}

// configuration writes a whole configuration file.
func configuration(services, sockets, extensions []string) string {
	return fmt.Sprintf(`using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    %s
  ],
  sockets = [
    %s
  ],
  extensions = [
    %s
  ]
);
`, strings.Join(services, ",\n    "), strings.Join(sockets, ",\n    "), strings.Join(extensions, ",\n    "))
}
