// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/leak"
)

// A place is somewhere that a secret's value must not be.
type place string

const (
	inState       place = "state, decrypted"
	inBackend     place = "backend: checkpoints, history, backups"
	inSettings    place = "stack's configuration file"
	inPlan        place = "saved plan"
	inEvents      place = "event log"
	inOutput      place = "what pulumi writes"
	inHome        place = "Pulumi's home and its logs"
	inTemporaries place = "temporary files"
	inCache       place = "provider's cache"
	inArguments   place = "arguments of the provider and its children"
	inEnvironment place = "environment of the provider and its children"
	inCalls       place = "emulator's calls"
	inDump        place = "emulator's dump"
	inData        place = "emulator's data, except state.json"
	inEmulatorLog place = "emulator's log"
	inStderr      place = "provider's standard error"
	inSpans       place = "provider's traces"
)

// A trail is what a life leaves behind, by place.
type trail struct {
	dir string // what was recorded, in a directory for each place

	mu      sync.Mutex
	records int
	trees   map[place][]tree
	secrets []leak.Secret
	passing map[place][]leak.Finding // what was found while a program worked
}

// tree is a directory that is searched where it is, save for what skip names.
type tree struct {
	dir  string
	skip func(path string) bool
}

func newTrail(t *testing.T) *trail {
	t.Helper()
	return &trail{dir: t.TempDir(), trees: map[place][]tree{}, passing: map[place][]leak.Finding{}}
}

// watch has a directory searched when the trail is.
func (tr *trail) watch(p place, dir string, skip func(path string) bool) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.trees[p] = append(tr.trees[p], tree{dir, skip})
}

// path is where something that a program writes itself is to be searched. The name is for people.
func (tr *trail) path(p place, name string) (string, error) {
	dir := filepath.Join(tr.dir, string(p))
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.records++
	if !slices.ContainsFunc(tr.trees[p], func(known tree) bool { return known.dir == dir }) {
		tr.trees[p] = append(tr.trees[p], tree{dir: dir})
	}
	name = strings.ReplaceAll(name[:min(len(name), 100)], string(filepath.Separator), "_")
	return filepath.Join(dir, fmt.Sprintf("%03d %s", tr.records, name)), os.MkdirAll(dir, 0o750)
}

// file is path in a test.
func (tr *trail) file(t *testing.T, p place, name string) string {
	t.Helper()
	path, err := tr.path(p, name)
	require.NoError(t, err)
	return path
}

// write keeps something to be searched.
func (tr *trail) write(p place, name, content string) error {
	path, err := tr.path(p, name)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o600)
}

// record is write in a test.
func (tr *trail) record(t *testing.T, p place, name, content string) {
	t.Helper()
	require.NoError(t, tr.write(p, name, content))
}

// secret is a new value that is to be found nowhere. It has what each way of escaping has to escape.
func (tr *trail) secret(label string) leak.Secret {
	return tr.know(leak.Secret{
		Label: label, Value: `"\<&+/% é😀` + rand.Text() + `%2F\n'>"+` + "\n\t" + rand.Text(),
	})
}

// know adds a secret to those that are looked for.
func (tr *trail) know(s leak.Secret) leak.Secret {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.secrets = append(tr.secrets, s)
	return s
}

// search finds the secrets that are known so far in the trees of a place, and says how many files it has looked at.
func (tr *trail) search(p place) (found []leak.Finding, files int, err error) {
	tr.mu.Lock()
	s, err := leak.New(tr.secrets...)
	trees := slices.Clone(tr.trees[p])
	found = slices.Clone(tr.passing[p])
	tr.mu.Unlock()
	for _, tree := range trees {
		if err != nil {
			break
		}
		var here []leak.Finding
		here, err = s.Tree(tree.dir, func(path string) bool {
			if tree.skip != nil && tree.skip(path) {
				return true
			}
			if info, err := os.Stat(filepath.Join(tree.dir, path)); err == nil && info.Mode().IsRegular() {
				files++
			}
			return false
		})
		found = append(found, here...)
	}
	return found, files, err
}

// glance searches places while a program works: what it removes before it ends is found too.
func (tr *trail) glance(places ...place) error {
	for _, p := range places {
		found, _, err := tr.search(p)
		if err != nil {
			return err
		}
		slices.SortFunc(found, func(a, b leak.Finding) int { return strings.Compare(a.String(), b.String()) })
		tr.mu.Lock()
		tr.passing[p] = slices.Compact(found)
		tr.mu.Unlock()
	}
	return nil
}

// leaks are the values in a place. It must have been looked at: a place with no file proves nothing.
func (tr *trail) leaks(t *testing.T, p place) []leak.Finding {
	t.Helper()
	found, files, err := tr.search(p)
	require.NoError(t, err)
	if p != inTemporaries { // where it is best to find none
		assert.NotZero(t, files, "nothing was looked at: %s", p)
	}
	return found
}

// holdsNothing asserts that no place has a value.
func (tr *trail) holdsNothing(t *testing.T, places ...place) {
	t.Helper()
	for _, p := range places {
		byPlace := map[string][]string{}
		for _, f := range tr.leaks(t, p) {
			key := f.Label + " as " + f.Form
			byPlace[key] = append(byPlace[key], fmt.Sprintf("%s at byte %d", f.Place, f.Offset))
		}
		assert.Empty(t, byPlace, "%s has secrets", p)
	}
}

// A plant puts a value where it must not be.
type plant func(t *testing.T, l *life, value string)

// into is the plant for places whose files anybody can write.
func into(p place) plant {
	return func(t *testing.T, l *life, value string) {
		t.Helper()
		l.trail.mu.Lock()
		dir := l.trail.trees[p][0].dir
		l.trail.mu.Unlock()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "planted"), []byte("before "+value+" after"), 0o600))
	}
}

// searchIsNotBlind plants a value in each place and expects it to be found there. Nothing may be found there yet.
func (l *life) searchIsNotBlind(t *testing.T, plants map[place]plant) {
	t.Helper()
	planted := l.trail.secret("planted")
	for p, plant := range plants {
		t.Run("planted in "+string(p), func(t *testing.T) {
			t.Parallel()
			plant(t, l, planted.Value)
			var labels []string
			for _, f := range l.trail.leaks(t, p) {
				labels = append(labels, f.Label)
			}
			assert.Contains(t, labels, "planted")
		})
	}
}
