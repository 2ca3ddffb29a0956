// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// ask sends a request to the Worker called "api" and returns the answer's body.
func ask(b *testing.B, door http.Handler) string {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "http://api.emulator.workers.dev/", http.NoBody)
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Body)
	require.NoError(b, err)
	return string(body)
}

// BenchmarkApplyToFirstAnswer measures how long a deployment takes until it answers.
func BenchmarkApplyToFirstAnswer(b *testing.B) {
	for _, workers := range []int{1, 10, 30} {
		b.Run(strconv.Itoa(workers)+" Workers", func(b *testing.B) {
			rt := &runtime.Runtime{}
			b.Cleanup(func() { require.NoError(b, rt.Close()) })
			door := rt.FrontDoor()
			version := 0
			for b.Loop() {
				version++
				text := strconv.Itoa(version)
				scripts := []runtime.Script{script("api", "v"+text, says(text))}
				for i := 1; i < workers; i++ {
					scripts = append(scripts, script("other-"+strconv.Itoa(i), "v1", says("other")))
				}
				rt.Apply(worldOf(scripts...))
				require.Equal(b, text, ask(b, door))
			}
		})
	}
}

// BenchmarkFirstStart measures the same with nothing running before.
func BenchmarkFirstStart(b *testing.B) {
	for b.Loop() {
		rt := &runtime.Runtime{}
		rt.Apply(worldOf(script("api", "v1", says("hello"))))
		require.Equal(b, "hello", ask(b, rt.FrontDoor()))
		require.NoError(b, rt.Close())
	}
}

// BenchmarkRequest measures a request to a Worker that runs.
func BenchmarkRequest(b *testing.B) {
	rt := &runtime.Runtime{}
	b.Cleanup(func() { require.NoError(b, rt.Close()) })
	rt.Apply(worldOf(script("api", "v1", says("hello"))))
	door := rt.FrontDoor()
	for b.Loop() {
		require.Equal(b, "hello", ask(b, door))
	}
}

// BenchmarkValidate measures the validation of a script that was not seen before.
func BenchmarkValidate(b *testing.B) {
	rt := &runtime.Runtime{}
	b.Cleanup(func() { require.NoError(b, rt.Close()) })
	version := 0
	for b.Loop() {
		version++
		_, err := rt.Validate(b.Context(), script("api", "v1", says(strconv.Itoa(version))))
		require.NoError(b, err)
	}
}
