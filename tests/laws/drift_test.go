// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// A drift is a change that somebody else makes in the account.
type drift struct {
	name string
	make func(w world, s *stack) error
	diff map[string]p.DiffKind // exactly what a preview says after a refresh
	// outputs are those that a refresh shows as changed, beside the inputs.
	outputs []string
	gone    bool // the resource is no longer there
}

// TestDriftIsVisibleAndRepaired: a refresh shows by its name what somebody else
// changed, and the next update brings back what the program says.
func TestDriftIsVisibleAndRepaired(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r subject) {
		t.Helper()
		for _, d := range r.drifts {
			t.Run(d.name, func(t *testing.T) {
				t.Parallel()
				w, s := built(t, r)
				program := properties(r.program(w))
				want, state := w.Dump(), s.state(t)
				require.NoError(t, d.make(w, s))
				require.NotEqual(t, want, w.Dump(), "nothing was changed")
				was := s.outputs

				require.NoError(t, s.refresh())
				pl, err := s.preview(program)
				require.NoError(t, err)
				if d.gone {
					assert.Equal(t, "create", pl.op)
				} else {
					assert.Equal(t, "update", pl.op)
					assert.Equal(t, d.diff, pl.kinds())
					assert.ElementsMatch(t, d.outputs, changedOutputs(t, r, was, s))
				}

				require.NoError(t, s.up(program))
				equalAccounts(t, want, w.Dump())
				assert.Equal(t, state, s.state(t))
			})
		}
	})
}

// changedOutputs names the outputs, beside those that repeat inputs, that are not as they were.
func changedOutputs(t *testing.T, r subject, was property.Map, s *stack) (names []string) {
	t.Helper()
	inputs := inputNames(t, r.token)
	for _, name := range slices.Sorted(maps.Keys(s.outputs.AsMap())) {
		if _, input := inputs[name]; !input && !was.Get(name).Equals(s.outputs.Get(name)) {
			names = append(names, name)
		}
	}
	return names
}

// raw sends a request for which nobody has a client.
func (c *cloud) raw(method, path string, body any) error {
	return c.send(method, path, body, nil)
}

// send sends such a request and reads the answer into result, if that is not nil.
func (c *cloud) send(method, path string, body, result any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.sendBody(method, path, "application/json", bytes.NewReader(text), result)
}

func (c *cloud) sendBody(method, path, contentType string, body io.Reader, result any) error {
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.endpoint+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+apiToken)
	req.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		message, err := io.ReadAll(resp.Body)
		return fmt.Errorf("%s %s: %s: %s: %w", method, path, resp.Status, message, err)
	}
	if result == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(result)
}
