// SPDX-License-Identifier: Apache-2.0

package wrangler_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSecrets(t *testing.T) {
	t.Parallel()
	w := open(t)
	const url = "http://plain.emulator.workers.dev/"
	const value = "s3cr3t-value"
	code := `export default { fetch: (request, env) => new Response([env.A, env.B, env.C].join()) }`
	w.steps(
		step{
			run: "deploy", config: plain("plain"),
			files: map[string]string{"index.js": code, "bulk.json": `{"B":"bulk","C":"bulk"}`, "file.json": `{"C":"file"}`},
			get:   map[string]string{url: ",,"},
		},
		step{
			run: "secret put A", stdin: value, out: []string{"Success! Uploaded secret A"}, never: []string{value},
			get: map[string]string{url: value + ",,"},
		},
		step{
			run: "secret bulk bulk.json", out: []string{"2 secrets successfully"},
			get: map[string]string{url: value + ",bulk,bulk"},
		},
		step{run: "secret list", never: []string{value}, then: func(t *testing.T, _ *workspace, out string) {
			assert.JSONEq(t, `[{"name":"A","type":"secret_text"},{"name":"B","type":"secret_text"},
				{"name":"C","type":"secret_text"}]`, out)
		}},
		// A deploy keeps the secrets that it does not know.
		step{
			run: "deploy --secrets-file file.json", never: []string{value}, get: map[string]string{url: value + ",bulk,file"},
		},
		step{
			run: "secret delete B", stdin: "y\n", out: []string{"Deleted secret B"},
			get: map[string]string{url: value + ",,file"},
		},
		step{run: "secret delete none", stdin: "y\n", fails: true, out: []string{"10056"}},
		// A secret for a Worker that is not there makes it first.
		step{
			run: "secret put A --name draft", stdin: value,
			out: []string{"Creating new Worker \"draft\"", "Uploaded secret A"},
		},
	)
	assert.NotContains(t, w.server.Dump(), value)
}
