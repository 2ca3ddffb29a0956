// SPDX-License-Identifier: Apache-2.0

// Package changelog reads the fragments of the changelog, one file for each change, and assembles them into
// CHANGELOG.md at a release. changelog/TEMPLATE.md shows what a fragment looks like.
package changelog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// kinds are the first words that a fragment can have, in the order in which a release lists them.
var kinds = []string{"Remove", "Change", "Add", "Fix"}

var title = regexp.MustCompile(`^(Remove|Change|Add|Fix): [^a-z\s].{9,88}\.$`)

// A Fragment is one change.
type Fragment struct {
	Kind  string // Remove, Change, Add or Fix
	Title string // one sentence
	Body  string // paragraphs
}

// Parse reads a fragment. Its error says what is wrong with it.
func Parse(text string) (Fragment, error) {
	first, body, _ := strings.Cut(text, "\n")
	if !title.MatchString(first) {
		return Fragment{}, errors.New(
			`the first line must be "Add|Change|Fix|Remove: Sentence." of up to 100 characters`)
	}
	kind, sentence, _ := strings.Cut(first, ": ")
	f := Fragment{Kind: kind, Title: sentence, Body: strings.TrimSpace(body)}
	if f.Body == "" || !strings.HasPrefix(body, "\n") {
		return Fragment{}, errors.New("after an empty line, a paragraph must say what was and what is now")
	}
	if (kind == "Change" || kind == "Remove") && !strings.Contains("\n"+f.Body, "\nMigration: ") {
		return Fragment{}, fmt.Errorf(`%s needs a line "Migration: …" that says what a user has to do`, kind)
	}
	return f, nil
}

// Read reads every fragment in a directory, in the order of a release: by kind, then by file name.
func Read(dir string) ([]Fragment, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		return nil, err
	}
	fragments := make([]Fragment, 0, len(files))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		fragment, err := Parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		fragments = append(fragments, fragment)
	}
	slices.SortStableFunc(fragments, func(a, b Fragment) int {
		return slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind)
	})
	return fragments, nil
}

// Release moves the fragments in unreleased/ below dir into a section at the top of file, under a heading.
func Release(dir, file, heading string) error {
	unreleased := filepath.Join(dir, "unreleased")
	fragments, err := Read(unreleased)
	if err != nil {
		return err
	}
	if len(fragments) == 0 {
		return fmt.Errorf("%s holds no fragment", unreleased)
	}
	var section strings.Builder
	section.WriteString("\n## " + heading + "\n")
	for _, f := range fragments {
		fmt.Fprintf(&section, "\n### %s: %s\n\n%s\n", f.Kind, f.Title, f.Body)
	}
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	preamble, released, found := strings.Cut(string(old), "\n## ")
	if found {
		released = "\n## " + released
	}
	text := preamble + section.String() + released
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(unreleased, "*.md"))
	for _, fragment := range files {
		err = errors.Join(err, os.Remove(fragment))
	}
	return err
}
