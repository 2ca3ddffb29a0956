// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// python is a Worker in Python with a vendored package.
func python(source string) runtime.Script {
	s := script("snake", "v1", "")
	s.MainModule, s.CompatibilityFlags = "entry.py", []string{"python_workers"}
	s.Modules = []runtime.Module{
		{Name: "entry.py", ContentType: "text/x-python", Content: []byte(source)},
		{Name: "numpy", ContentType: "text/x-python-requirement"},
		{Name: "python_modules/foo/a.so", ContentType: "application/octet-stream", Content: []byte{0}},
	}
	return s
}

// TestPythonIsStoredButNotRun: it can be deployed, and says what is the matter when it is asked something.
func TestPythonIsStoredButNotRun(t *testing.T) {
	t.Parallel()
	s := python(`from workers import WorkerEntrypoint, DurableObject, Response

class Counter(DurableObject):
    async def increment(self): pass

class Default(WorkerEntrypoint):
    # def comment(self): pass
    async def fetch(self, request):
        def inner(): pass
        return Response("hi")
    def scheduled(self, controller): pass

def on_queue(batch): pass
class Plain:
    def method(self): pass
`)
	h := newHarness(t)
	report, err := h.Validate(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, []runtime.NamedHandler{{Name: "Counter", Handlers: []string{"class"}}}, report.NamedHandlers)
	assert.Subset(t, report.Handlers, []string{"fetch", "queue", "scheduled"})
	assert.NotContains(t, report.Handlers, "method")
	assert.NotContains(t, report.Handlers, "increment")
	h.Apply(worldOf(s))
	answer := h.get("https://snake.emulator.workers.dev/")
	assert.Equal(t, http.StatusNotImplemented, answer.status)
	assert.Contains(t, answer.body, "does not run them")
	outcome, err := h.Scheduled(t.Context(), "acc", "snake", "* * * * *", time.Now())
	require.NoError(t, err)
	assert.NotEqual(t, "ok", outcome)
}

func TestPythonsPartsAreChecked(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	refused := func(change func(s *runtime.Script), message string) {
		t.Helper()
		s := python("")
		change(&s)
		_, err := h.Validate(t.Context(), s)
		var e *runtime.ScriptError
		require.ErrorAs(t, err, &e)
		assert.Contains(t, e.Message, message)
	}
	refused(func(s *runtime.Script) { s.CompatibilityFlags = nil }, "`python_workers` compatibility flag is required")
	refused(func(s *runtime.Script) { s.Modules[2].Name = "../a.so" }, "Invalid module name")
	refused(func(s *runtime.Script) { s.Modules[2].ContentType = "image/png" }, "unknown content type")
}
