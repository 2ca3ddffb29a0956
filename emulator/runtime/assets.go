// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	_ "embed"
	"fmt"
	"net/http"
)

//go:embed js/assets.js
var routerSource []byte

// The kinds of backend that serve static assets.
const (
	assetsBackend = "assets" // for a binding
	routerBackend = "router" // before a Worker
)

// decisionHeader is in the backend's answers: "answered", or "worker" if the Worker is to answer.
const decisionHeader = "Emulator-Assets"

// assetsOnly tells whether there is no code.
func (s *Script) assetsOnly() bool { return s.Assets && s.MainModule == "" && s.BodyPart == "" }

// bindAssets gives a service whose fetch answers from the assets of the version.
func bindAssets(l *linker, s *Script, b binding) (string, error) {
	if !s.Assets {
		return missing(fmt.Sprintf("binding %q: the version has no assets", b.Name)), nil
	}
	return "service = " + l.backend(assetsBackend, s.Account, s.Name, s.VersionID), nil
}

// routerOf returns the name of the service that stands before a Worker's service.
func routerOf(service string) string { return "assets:" + service }

// router writes the service before the Worker's, and the entry's binding to it. A Worker without code is one itself.
func (l *linker) router(s *Script, service string) (worker, entry string) {
	name := quote(routerOf(service))
	if s.assetsOnly() {
		service = ""
	}
	worker = fmt.Sprintf("(name = %s, worker = (%s))", name, l.routerCode(s, service))
	entry = fmt.Sprintf(`(name = %s, service = (name = %s, props = (json = "{\"door\":true}")))`, name, name)
	return worker, entry
}

// routerCode writes the fields of a Worker literal that asks the backend before service.
func (l *linker) routerCode(s *Script, service string) string {
	bindings := []string{
		"(name = \"ROUTER\", service = " + l.backend(routerBackend, s.Account, s.Name, s.VersionID) + ")",
	}
	if service != "" {
		bindings = append(bindings, "(name = \"WORKER\", service = "+quote(service)+")")
	}
	return fmt.Sprintf(`modules = [(name = "assets.js", esModule = %s)], compatibilityDate = %s, bindings = %s`,
		l.files.embed(routerSource), quote(systemDate), list(bindings))
}

// answeredByAssets tells whether the Worker was not invoked, and takes that out of the header.
func (l *lease) answeredByAssets(header http.Header) bool {
	answered := header.Get(decisionHeader) != ""
	header.Del(decisionHeader)
	return answered
}
