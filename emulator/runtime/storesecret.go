// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

//go:embed js/storesecret.js
var storeSecretSource []byte

// storeSecretBackend is the kind of backend that knows the values of secrets.
const storeSecretBackend = "storesecret"

// bindStoreSecret gives a service with the method get, as on Cloudflare. Source: workers-sdk,
// packages/miniflare/src/plugins/secret-store/index.ts. One service serves all secrets; which it is, is in the props,
// that only this configuration can set.
func bindStoreSecret(l *linker, s *Script, b binding) (string, error) {
	var fields struct {
		StoreID    string `json:"store_id"`
		SecretName string `json:"secret_name"`
	}
	if err := b.decode(&fields); err != nil {
		return "", err
	}
	props, err := json.Marshal(storeSecretRef{s.Account, fields.StoreID, fields.SecretName})
	if err != nil {
		return "", fmt.Errorf("binding %q: %w", b.Name, err)
	}
	l.backends[storeSecretBackend] = fmt.Sprintf(`(name = %s, worker = (modules = [(name = "storesecret.js", `+
		`esModule = %s)], compatibilityDate = %s, bindings = [(name = "BACKEND", service = %s)]))`,
		quote(storeSecretBackend), l.files.embed(storeSecretSource), quote(systemDate), l.backend(storeSecretBackend))
	return fmt.Sprintf(`service = (name = %s, entrypoint = "StoreSecret", props = (json = %s))`,
		quote(storeSecretBackend), quote(string(props))), nil
}

// storeSecretRef names a secret of Secrets Store.
type storeSecretRef struct {
	Account string `json:"account"`
	Store   string `json:"store"`
	Name    string `json:"name"`
}

// serveStoreSecret answers with the value of the secret that the body names.
func (r *Runtime) serveStoreSecret(w http.ResponseWriter, q *http.Request) {
	var ref storeSecretRef
	if err := json.NewDecoder(q.Body).Decode(&ref); err != nil {
		http.Error(w, "bad reference to a secret", http.StatusBadRequest)
		return
	}
	value, ok := "", false
	if r.Secrets != nil {
		value, ok = r.Secrets(ref.Account, ref.Store, ref.Name)
	}
	if !ok {
		http.Error(w, "no such secret", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = io.WriteString(w, value) // a Worker that went away cannot be told
}
