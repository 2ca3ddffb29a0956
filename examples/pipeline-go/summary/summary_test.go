// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// events are those of a preview that does everything that a summary tells of.
func events(t *testing.T) (all []apitype.EngineEvent) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "events.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func asJSON(t *testing.T, s Summary) string {
	t.Helper()
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

func TestASummaryTellsWhatAPreviewFound(t *testing.T) {
	t.Parallel()
	s := New("production", events(t))
	for name, text := range map[string]string{"summary.json": asJSON(t, s), "summary.md": s.Markdown()} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if text != string(want) {
			t.Errorf("%s is now (accept it with -update):\n%s", name, text)
		}
	}
}

func TestTheOrderOfEventsDoesNotMatter(t *testing.T) {
	t.Parallel()
	forwards, backwards := events(t), events(t)
	slices.Reverse(backwards)
	if a, b := asJSON(t, New("s", forwards)), asJSON(t, New("s", backwards)); a != b {
		t.Errorf("%s\nis not\n%s", a, b)
	}
}

func TestNothingToDoIsNotPending(t *testing.T) {
	t.Parallel()
	same := slices.DeleteFunc(events(t), func(e apitype.EngineEvent) bool {
		return e.ResOutputsEvent != nil && e.ResOutputsEvent.Metadata.Op != apitype.OpSame
	})
	if s := New("staging", same); s.Pending() || s.Markdown() != "### `staging`: nothing to do\n" {
		t.Errorf("%+v", s)
	}
}
