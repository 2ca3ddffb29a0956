// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// The requests about secrets, as [cloud.requests] writes them.
const (
	patchCall       = "PATCH /accounts/{account}/workers/scripts/api/secrets-bulk"
	patchLatestCall = "PATCH /accounts/{account}/workers/workers/api/versions/latest"
	namesCall       = "GET /accounts/{account}/workers/scripts/api/secrets"
	deploymentsCall = "GET /accounts/{account}/workers/scripts/api/deployments"
	versionsCall    = "GET /accounts/{account}/workers/scripts/api/versions"
	versionCall     = "GET /accounts/{account}/workers/scripts/api/versions/{version}"
	uploadCall      = "POST /accounts/{account}/workers/scripts/api/versions?bindings_inherit=strict"
	deployCall      = "POST /accounts/{account}/workers/scripts/api/deployments?force=true"
)

// valueOf is the value that the program's [secret] of that name has.
func valueOf(name string) string { return name + " " + secretMark }

// patched are the secrets that a patch of others sets; "" removes one.
type patched map[string]string

// patchSecrets changes secrets of the Worker as somebody else would, all in one request.
func (w world) patchSecrets(secrets patched) {
	w.t.Helper()
	changes := map[string]*string{}
	for name, value := range secrets {
		changes[name] = nil
		if value != "" {
			changes[name] = &value
		}
	}
	require.NoError(w.t, w.client().PatchSecrets(w.t.Context(), account, "api", changes))
}

// live returns the deployment in force.
func (w world) live() cfapi.Deployment {
	w.t.Helper()
	deployments, err := w.client().Deployments(w.t.Context(), account, "api")
	require.NoError(w.t, err)
	require.NotEmpty(w.t, deployments)
	return deployments[0]
}

// deploy gives the versions their shares, in percent.
func (w world) deploy(split ...cfapi.Share) {
	w.t.Helper()
	_, err := w.client().Deploy(w.t.Context(), account, "api", split, "", nil)
	require.NoError(w.t, err)
}

// A served version is what answers requests, as the emulator shows it to tests.
type served struct {
	percent string // "latest, not deployed" if it is that
	code    string // stands for index.js
	secrets map[string]string
}

var (
	servedLine  = regexp.MustCompile(`^    (?:deployed at (.*) %|latest, not deployed)$`)
	moduleLine  = regexp.MustCompile(`^      module index.js \S+ (sha256:\S+)$`)
	bindingLine = regexp.MustCompile(`^      binding (.*)$`)
)

// served returns the versions of the Worker that serve, and the latest one.
func (w world) served() (versions []served) {
	w.t.Helper()
	inside := false
	for line := range strings.Lines(w.Dump()) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "  worker ") {
			inside = strings.HasPrefix(line, "  worker api ")
		}
		if !inside {
			continue
		}
		if m := servedLine.FindStringSubmatch(line); m != nil {
			versions = append(versions, served{percent: m[1], secrets: map[string]string{}})
		}
		if m := moduleLine.FindStringSubmatch(line); m != nil {
			versions[len(versions)-1].code = m[1]
		}
		if m := bindingLine.FindStringSubmatch(line); m != nil {
			var b struct{ Name, Type, Value string }
			require.NoError(w.t, json.Unmarshal([]byte(m[1]), &b))
			if b.Type == "secret_text" {
				versions[len(versions)-1].secrets[b.Name] = b.Value
			}
		}
	}
	return versions
}

// shownAs is how the emulator shows the values to tests.
func shownAs(t *testing.T, values map[string]string) map[string]string {
	t.Helper()
	shown := map[string]string{}
	for name, value := range values {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		shown[name] = shownText(text)
	}
	return shown
}

func shownText(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])[:12]
}

// hasSecrets checks that one version serves all requests, with exactly these secrets.
func (w world) hasSecrets(values map[string]string) {
	w.t.Helper()
	versions := w.served()
	require.Len(w.t, versions, 1)
	assert.Equal(w.t, "100", versions[0].percent)
	assert.Equal(w.t, shownAs(w.t, values), versions[0].secrets)
}

// A sent request.
type sent struct {
	size int // in bytes, with its headers
	body string
}

// sentBy returns the requests of an operation, and what is in them.
func (w world) sentBy(operation func()) (calls []string, requests []sent) {
	w.t.Helper()
	var mu sync.Mutex
	w.forget()
	w.on(hooks{around: func(_ int, rw http.ResponseWriter, req *http.Request, emulated http.HandlerFunc) {
		dump, dumpErr := httputil.DumpRequest(req, true)
		body, err := io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(body))
		mu.Lock()
		if assert.NoError(w.t, dumpErr) && assert.NoError(w.t, err) {
			requests = append(requests, sent{size: len(dump), body: string(body)})
		}
		mu.Unlock()
		emulated(rw, req)
	}})
	operation()
	calls = w.requests()
	w.forget()
	return calls, requests
}

// callsOf returns the requests of an update.
func (w world) callsOf(s *stack, program object) []string {
	w.t.Helper()
	calls, _ := w.sentBy(func() { s.mustUp(properties(program)) })
	return calls
}

// bodies are the bodies of all requests in one text.
func bodies(requests []sent) string {
	var all strings.Builder
	for _, r := range requests {
		fmt.Fprintln(&all, r.body)
	}
	return all.String()
}

// idle checks that nothing is left to do, without a request, and that a refresh sees nothing new.
func (s *stack) idle(w world, program object) {
	s.t.Helper()
	w.forget()
	s.previewsSame(program)
	s.mustUp(properties(program))
	assert.Empty(s.t, w.Calls(), "where nothing is to be done")
	inputs, outputs := canonical(s.t, s.inputs), canonical(s.t, s.outputs)
	require.NoError(s.t, s.refresh())
	assert.Equal(s.t, inputs, canonical(s.t, s.inputs), "inputs after a refresh")
	assert.Equal(s.t, outputs, canonical(s.t, s.outputs), "outputs after a refresh")
	s.previewsSame(program)
}

func (s *stack) previewsSame(program object) {
	s.t.Helper()
	s.previews(program, map[string]p.DiffKind{})
}

// previews checks that a preview says exactly this.
func (s *stack) previews(program object, kinds map[string]p.DiffKind) {
	s.t.Helper()
	pl, err := s.preview(properties(program))
	require.NoError(s.t, err)
	assert.Equal(s.t, kinds, pl.kinds())
	if len(kinds) == 0 {
		assert.Equal(s.t, "same", pl.op)
	}
}

// warnings are what the provider has warned of since the last time.
func (s *stack) warnings() (list []string) {
	for line := range strings.Lines(s.logs.String()) {
		if strings.Contains(line, "level=WARN") {
			list = append(list, line)
		}
	}
	s.logs = &logbook{}
	s.start(s.t.Context())
	return list
}

// text returns the input at secrets.name.
func secretInput(m property.Map, name string) property.Value {
	if secrets := m.Get("secrets"); secrets.IsMap() {
		return secrets.AsMap().Get(name)
	}
	return property.Value{}
}

// manySecrets are n secrets, S000 and on, whose values begin with kind.
func manySecrets(kind string, n int) object {
	o := object{}
	for i := range n {
		name := fmt.Sprintf("S%03d", i)
		o[name] = secret(kind + " " + name)
	}
	return o
}

// TestARotationIsOneSmallRequest: however many secrets and however much code there
// is. Then nothing is left to do, and the next version inherits the new value.
func TestARotationIsOneSmallRequest(t *testing.T) {
	t.Parallel()
	const bundleSize, most = 5 << 20, 2 << 10 // bytes
	r := cloudflareWorker()
	w, s := begun(t, r)
	data := bytes.Repeat([]byte("0123456789abcdef"), bundleSize/16)
	big := w.build("big", map[string][]byte{"index.js": script("big"), "data.bin": data})
	w.put(big)
	program := r.program(w).with(big.reference(), "bundle").with(manySecrets("first", 100), "secrets")
	s.mustUp(properties(program))
	want := w.served()

	program = program.with(secret("rotated"), "secrets", "S042")
	s.previews(program, map[string]p.DiffKind{"secrets.S042": p.Update})
	calls, requests := w.sentBy(func() { s.mustUp(properties(program)) })
	require.Equal(t, []string{patchCall}, calls)
	assert.Less(t, requests[0].size, most)
	assert.Contains(t, requests[0].body, valueOf("rotated"))
	want[0].secrets["S042"] = shownAs(t, map[string]string{"": valueOf("rotated")})[""]
	assert.Equal(t, want, w.served())
	s.idle(w, program)

	s.start(t.Context()) // what follows is another process
	program = program.with(w.builds["v2"].reference(), "bundle")
	s.previews(program, map[string]p.DiffKind{"bundle.key": p.Update, "bundle.sha256": p.Update})
	w.forget()
	calls, requests = w.sentBy(func() { s.mustUp(properties(program)) })
	assert.Equal(t, []string{
		deploymentsCall,
		"S3 GET /bundles?list-type=2&max-keys=1000&prefix=builds%2Fv2%2F",
		"S3 GET /bundles/builds/v2/index.js?x-id=GetObject",
		"S3 GET /bundles/builds/v2/lib/add.wasm?x-id=GetObject",
		"S3 GET /bundles/builds/v2/notes.txt?x-id=GetObject",
		uploadCall, deployCall,
	}, calls)
	assert.NotContains(t, bodies(requests), secretMark, "what is unchanged is not sent again")
	require.Len(t, w.served(), 1)
	assert.Equal(t, want[0].secrets, w.served()[0].secrets)
	s.idle(w, program)
}

// TestManyRotationsInARow: each is one request, but for the one before Cloudflare
// would forget from which version they came.
func TestManyRotationsInARow(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	w, s := built(t, r)
	program := r.program(w)
	values := map[string]string{"TOKEN": valueOf("one"), "OTHER": valueOf("two")}
	for i := range 18 {
		name, value := []string{"TOKEN", "OTHER", "NEW"}[i%3], fmt.Sprintf("rotation %d", i%5)
		program = program.with(secret(value), "secrets", name)
		values[name] = valueOf(value)
		want := []string{patchCall}
		if i > 0 && i%8 == 0 {
			want = []string{deploymentsCall, patchCall}
		}
		require.Equal(t, want, w.callsOf(s, program), "rotation %d", i+1)
		w.hasSecrets(values)
		s.idle(w, program)
		if i == 13 { // code in between
			program = program.with(w.builds["v2"].reference(), "bundle")
			_, requests := w.sentBy(func() { s.mustUp(properties(program)) })
			assert.NotContains(t, bodies(requests), secretMark)
			w.hasSecrets(values)
			s.idle(w, program)
			break
		}
	}
	assert.Equal(t, []string{patchCall}, w.callsOf(s, program.with(nil, "secrets", "NEW")))
	delete(values, "NEW")
	w.hasSecrets(values)
	s.idle(w, program.with(nil, "secrets", "NEW"))
}

// TestMoreSecretsThanARequestHolds: a hundred are one request; more are one version,
// with the code that is in the bundle.
func TestMoreSecretsThanARequestHolds(t *testing.T) {
	t.Parallel()
	const most = 100
	r := cloudflareWorker()
	w, s := begun(t, r)
	first, second := manySecrets("first", most+1), manySecrets("second", most+1)
	program := r.program(w)
	s.mustUp(properties(program.with(first, "secrets")))

	partly := second.with(first["S000"], "S000")
	assert.Equal(t, []string{patchCall}, w.callsOf(s, program.with(partly, "secrets")))
	s.mustUp(properties(program.with(first, "secrets")))

	calls, requests := w.sentBy(func() { s.mustUp(properties(program.with(second, "secrets"))) })
	assert.Equal(t, []string{deploymentsCall, uploadCall, deployCall}, calls)
	values := map[string]string{}
	for name := range second {
		values[name] = valueOf("second " + name)
	}
	assert.Equal(t, len(values), strings.Count(bodies(requests), secretMark))
	w.hasSecrets(values)
	s.idle(w, program.with(second, "secrets"))
}

// TestCodeAndSecretsTravelTogether: one version has the new code and the new
// secrets, without those that were removed; what did not change is not sent.
func TestCodeAndSecretsTravelTogether(t *testing.T) {
	t.Parallel()
	r := cloudflareWorker()
	for name, edits := range map[string]int{"after an upload": 0, "after a rotation": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := begun(t, r)
			program := r.program(w).with(secret("three"), "secrets", "THIRD")
			s.mustUp(properties(program))
			if edits > 0 {
				program = program.with(secret("rotated"), "secrets", "THIRD").with(secret("four"), "secrets", "FOURTH")
				require.Equal(t, []string{patchCall}, w.callsOf(s, program))
			}
			next := program.with("debug", "variables", "LOG_LEVEL").with(secret("new"), "secrets", "TOKEN").
				with(nil, "secrets", "OTHER").with(nil, "secrets", "FOURTH")
			var between []string
			if edits > 0 {
				between = []string{deploymentsCall}
			}
			calls, requests := w.sentBy(func() { s.mustUp(properties(next)) })
			assert.Equal(t, append(between, namesCall, uploadCall, deployCall), calls)
			assert.Equal(t, 1, strings.Count(bodies(requests), secretMark), "of three secrets one is new")
			third := map[int]string{0: "three", 1: "rotated"}[edits]
			w.hasSecrets(map[string]string{"TOKEN": valueOf("new"), "THIRD": valueOf(third)})
			s.idle(w, next)
		})
	}
}
