// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// secretsProvider has stacks encrypt with a key that the vault keeps. A passphrase would cost each command of the CLI a
// seventh of a second of CPU, which is most of what many of them take: its key is made of it by a million hashes.
const secretsProvider = "hashivault://sandbox"

// vault is what Pulumi takes for a HashiCorp Vault. It lives as long as the process.
var vault struct {
	once    sync.Once
	address string
	err     error
}

// startVault returns the vault's address, and starts it when it is first called.
func startVault(ctx context.Context) (address string, err error) {
	vault.once.Do(func() {
		var listen net.ListenConfig
		listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			vault.err = err
			return
		}
		server := &http.Server{Handler: transit(), ReadHeaderTimeout: time.Minute}
		go func() { _ = server.Serve(listener) }()
		vault.address = "http://" + listener.Addr().String()
	})
	return vault.address, vault.err
}

// transit encrypts and decrypts as https://developer.hashicorp.com/vault/api-docs/secret/transit says, though badly:
// what it is given, the key of a stack, is its own ciphertext.
func transit() http.Handler {
	const version = "vault:v1:"
	var mux http.ServeMux
	for action, answer := range map[string]func(plaintext, ciphertext string) map[string]string{
		"encrypt": func(plaintext, _ string) map[string]string {
			return map[string]string{"ciphertext": version + plaintext}
		},
		"decrypt": func(_, ciphertext string) map[string]string {
			return map[string]string{"plaintext": strings.TrimPrefix(ciphertext, version)}
		},
	} {
		mux.HandleFunc("PUT /v1/transit/"+action+"/sandbox", func(w http.ResponseWriter, r *http.Request) {
			var given struct{ Plaintext, Ciphertext string }
			if err := json.NewDecoder(r.Body).Decode(&given); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			data := answer(given.Plaintext, given.Ciphertext)
			_ = json.NewEncoder(w).Encode(map[string]any{"data": data}) // who is gone needs no answer
		})
	}
	return &mux
}
