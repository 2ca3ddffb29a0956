// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"fmt"
	"io"
	"net/http"
)

// products are an account's resources that Workers can be bound to and that do nothing else here: they are made, read
// back and deleted, and a Worker that uses one is told that the local runtime does not have it.
type products struct {
	Hyperdrives map[string]*hyperdrive        `json:"hyperdrives,omitempty"` // by id
	Indexes     map[string]*vectorIndex       `json:"indexes,omitempty"`     // of Vectorize, by name
	Dispatch    map[string]*dispatchNamespace `json:"dispatch,omitempty"`    // dispatch namespaces, by name
	MTLS        map[string]*mtlsCertificate   `json:"mtls,omitempty"`        // mTLS certificates, by id

	Workflows     map[string]*workflow       `json:"workflows,omitempty"`     // by name; these run
	EventTriggers map[string]*scriptTriggers `json:"eventTriggers,omitempty"` // by the Worker's name
}

// kept adds a resource to a map that may not be there yet.
func kept[V any](resources map[string]V, key string, resource V) map[string]V {
	if resources == nil {
		resources = map[string]V{}
	}
	resources[key] = resource
	return resources
}

// checkProduct refuses a binding to a product's resource that does not exist; of other bindings it says nothing. The
// codes and texts were recorded from the live API by alchemy-run/alchemy pull request 753.
func (p *products) checkProduct(b binding) error {
	switch kind := b.kind(); {
	case kind == "hyperdrive" && p.Hyperdrives[b.text("id")] == nil:
		return refuse(http.StatusBadRequest, 10157,
			"Hyperdrive binding '%s' references config '%s' which was not found.", b.name(), b.text("id"))
	case kind == "vectorize" && p.Indexes[b.text("index_name")] == nil:
		return refuse(http.StatusBadRequest, 10159,
			"Vectorize binding '%s' references index '%s' which was not found.", b.name(), b.text("index_name"))
	case kind == "dispatch_namespace" && p.Dispatch[b.text("namespace")] == nil:
		return noDispatchNamespace(http.StatusBadRequest)
	case kind == "mtls_certificate" && p.MTLS[b.text("certificate_id")] == nil:
		return refuse(http.StatusBadRequest, 100143, "mTLS certificate '%s' not found.", b.text("certificate_id"))
	}
	return nil
}

// withProductNames is a binding with names in place of the random ids of products' resources.
func (p *products) withProductNames(b binding) binding {
	if h := p.Hyperdrives[b.text("id")]; h != nil && b.kind() == "hyperdrive" {
		return b.with("id", h.Name)
	}
	if m := p.MTLS[b.text("certificate_id")]; m != nil && b.kind() == "mtls_certificate" {
		return b.with("certificate_id", m.Serial)
	}
	return b
}

// dumpProducts writes all resources.
func (p *products) dumpProducts(w io.Writer) {
	dumpSorted(w, p.Hyperdrives, func(h *hyperdrive) string {
		view := h.view()
		for _, random := range []string{"id", "created_on", "modified_on"} {
			delete(view, random)
		}
		return fmt.Sprintf("  hyperdrive %s password %s access secret %s", canonical(view),
			fingerprint([]byte(h.Origin.Password)), fingerprint([]byte(h.Origin.AccessClientSecret)))
	})
	dumpSorted(w, p.Indexes, func(i *vectorIndex) string {
		return fmt.Sprintf("  vectorize %s %q %s", i.Name, i.Description, canonical(i.Config))
	})
	dumpSorted(w, p.Dispatch, func(d *dispatchNamespace) string { return "  dispatch namespace " + d.Name })
	dumpSorted(w, p.Workflows, func(f *workflow) string {
		return fmt.Sprintf("  workflow %q class %s of %s settings %s", f.Name, f.Class, f.Script,
			canonical(f.workflowSettings))
	})
	dumpSorted(w, p.EventTriggers, func(t *scriptTriggers) string {
		return fmt.Sprintf("  event triggers of %s %s", t.Script, canonical(t.Triggers))
	})
	dumpSorted(w, p.MTLS, func(m *mtlsCertificate) string {
		return fmt.Sprintf("  mtls certificate %q ca %t serial %s chain %s private key %s", m.Name, m.CA, m.Serial,
			fingerprint([]byte(m.Certificates)), fingerprint([]byte(m.PrivateKey)))
	})
}
