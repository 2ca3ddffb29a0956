// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
)

// maxSecrets is how many secrets one bulk request changes (workers-sdk, packages/wrangler/src/secret/index.ts).
const maxSecrets = 100

// listSecrets answers GET …/scripts/{script}/secrets: names and types, never values.
func listSecrets(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	return w.secretViews(), nil
}

func (w *worker) secretViews() []binding {
	secrets := []binding{}
	if v := w.latest(); v != nil {
		for _, b := range v.Bindings {
			if b.isSecret() {
				secrets = append(secrets, b.view())
			}
		}
	}
	return secrets
}

// secret returns the secret that the path names. Code 10056: alchemy-run/distilled,
// patches/workers/getScriptSecret.json.
func (c *call) secret(w *worker) (binding, error) {
	name := c.path("secret")
	if c.query("url_encoded") == "true" {
		// The mux has decoded the path once; the parameter says that the name itself was encoded, which is the same.
		if plain, err := url.PathUnescape(name); err == nil {
			name = plain
		}
	}
	for _, b := range w.secretViews() {
		if b.name() == name {
			return b, nil
		}
	}
	return nil, refuse(http.StatusNotFound, 10056, "workers.api.error.secret_not_found")
}

// getSecret answers GET …/scripts/{script}/secrets/{secret}.
func getSecret(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	return c.secret(w)
}

// putSecret answers PUT …/scripts/{script}/secrets: a version with the secret set, deployed at once.
func putSecret(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	var secret binding
	if err := c.decode(&secret, 10026); err != nil {
		return nil, err
	}
	if !secret.isSecret() {
		return nil, invalid("type of a secret must be secret_text or secret_key")
	}
	if err := c.changeSecrets(w, map[string]binding{secret.name(): secret}); err != nil {
		return nil, err
	}
	return secret.view(), nil
}

// deleteSecret answers DELETE …/scripts/{script}/secrets/{secret}: a version without the secret, deployed at once.
func deleteSecret(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	secret, err := c.secret(w)
	if err != nil {
		return nil, err
	}
	return nil, c.changeSecrets(w, map[string]binding{secret.name(): nil})
}

// patchSecrets answers PATCH …/scripts/{script}/secrets-bulk, a merge patch of up to 100 secrets: a version with all
// the changes, deployed at once (workers-sdk, packages/wrangler/src/secret/index.ts).
func patchSecrets(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	var patch struct {
		Secrets map[string]binding `json:"secrets"`
	}
	if err := c.decode(&patch, 10026); err != nil {
		return nil, err
	}
	if len(patch.Secrets) > maxSecrets {
		return nil, invalid("more than %d secrets in one request", maxSecrets)
	}
	for name, secret := range patch.Secrets {
		if secret != nil && !secret.isSecret() {
			return nil, invalid("type of secret %s must be secret_text or secret_key", name)
		}
	}
	if v := w.latest(); v != nil {
		// The patch is one of the secrets (RFC 7396): what is no secret is not there to be deleted.
		maps.DeleteFunc(patch.Secrets, func(name string, secret binding) bool {
			b := v.binding(name)
			return secret == nil && b != nil && !b.isSecret()
		})
	}
	if err := c.changeSecrets(w, patch.Secrets); err != nil {
		return nil, err
	}
	return w.secretViews(), nil
}

// changeSecrets makes a version with other secrets and deploys it. It refuses when the newest version is not the one
// that serves, since deploying would then deploy more than the secrets (10215: workers-sdk,
// packages/wrangler/src/secret/index.ts).
func (c *call) changeSecrets(w *worker, env map[string]binding) error {
	latest, now := w.latest(), w.deployed()
	if latest == nil || now == nil || len(now.Versions) != 1 || now.Versions[0].VersionID != latest.ID {
		return refuse(http.StatusBadRequest, 10215, "Secret edit failed. You attempted to modify a secret, but the latest "+
			"version of your Worker isn't currently deployed. Please ensure that the latest version of your Worker is "+
			"fully deployed before modifying secrets.")
	}
	for name, secret := range env {
		if b := latest.binding(name); b != nil && secret != nil && !b.isSecret() {
			// Two bindings cannot have one name; code and text are quoted in many deployment logs.
			return refuse(http.StatusBadRequest, 10053, "Binding name '%s' already in use. Please use a different name and "+
				"try again.", name)
		}
	}
	v, err := c.reissue(w, env, notes(nil, "secret"))
	if err != nil {
		return err
	}
	c.add(w, v)
	c.deploy(w, []*share{{VersionID: v.ID, Percentage: 100}}, deploymentNotes(v))
	return nil
}

// binding returns the binding of that name, or nil.
func (v *version) binding(name string) binding {
	for _, b := range v.Bindings {
		if b.name() == name {
			return b
		}
	}
	return nil
}

// fingerprint stands for data that must not be shown, or need not: a prefix of its SHA-256.
func fingerprint(data json.RawMessage) string { return "sha256:" + digestOf(data)[:12] }
