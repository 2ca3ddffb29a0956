// SPDX-License-Identifier: Apache-2.0

// Package leak finds secret values where they must not be: in bytes, files and directories, also when they are encoded,
// escaped or compressed there. What it reports never contains a value.
package leak

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// MinLength is the number of bytes that a value has at least: shorter ones would be found by chance.
const MinLength = 32

// A Secret is a value that is looked for, and the label under which it is reported.
type Secret struct{ Label, Value string }

// A Finding says where a value is, and never what it is.
type Finding struct {
	// Label is that of the secret.
	Label string
	// Form is how the value is written there, such as "base64, escaped".
	Form string
	// Place is where it was looked for; what lies inside an archive has the archive's place before it.
	Place string
	// Offset is where in Place the value, or the half of it that is there, begins.
	Offset int
}

// String implements [fmt.Stringer].
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s (%s) at byte %d", f.Place, f.Label, f.Form, f.Offset)
}

// A Scanner finds secrets. Either half of a value is enough, so one that was cut short is found too. It is safe for
// concurrent use.
type Scanner struct {
	needles map[uint64][]needle // by their first bytes
	filter  [1 << filterBits]bool
}

// needle is half of a value as one encoding writes it.
type needle struct {
	label, encoding string
	text            []byte
}

const (
	windowBytes = 8 // that tell needles apart
	filterBits  = 16
)

// New prepares to look for secrets. A value with fewer than [MinLength] bytes is an error.
func New(secrets ...Secret) (*Scanner, error) {
	s := &Scanner{needles: map[uint64][]needle{}}
	for _, secret := range secrets {
		if len(secret.Value) < MinLength {
			return nil, fmt.Errorf("secret %s: its value has %d bytes; one with fewer than %d is found by chance",
				secret.Label, len(secret.Value), MinLength)
		}
		middle := len(secret.Value) / 2
		for middle < len(secret.Value) && !utf8.RuneStart(secret.Value[middle]) {
			middle++ // an escape stands for a whole character
		}
		for _, half := range []string{secret.Value[:middle], secret.Value[middle:]} {
			for encoding, texts := range encodings([]byte(half)) {
				for _, text := range texts {
					s.add(needle{label: secret.Label, encoding: encoding, text: text})
				}
			}
		}
	}
	return s, nil
}

func (s *Scanner) add(n needle) {
	var window uint64
	for _, b := range n.text[:windowBytes] {
		window = window<<8 | uint64(b)
	}
	s.filter[bucket(window)] = true
	s.needles[window] = append(s.needles[window], n)
}

// bucket spreads windows over the filter, which spares most of them the map.
func bucket(window uint64) uint64 { return window * 0x9e3779b97f4a7c15 >> (64 - filterBits) }

// encodings are the texts that a program may write for value, by the encoding's name.
func encodings(value []byte) map[string][][]byte {
	lower := hex.EncodeToString(value)
	byName := map[string][][]byte{
		"text": {value},
		"hex":  {[]byte(lower), []byte(strings.ToUpper(lower))},
		// as Go prints a slice of bytes
		"decimal bytes": {[]byte(strings.Trim(fmt.Sprintf("%d", value), "[]"))},
	}
	for name, alphabet := range map[string]*base64.Encoding{
		"base64": base64.RawStdEncoding, "base64 of URLs": base64.RawURLEncoding,
	} {
		for before := range 3 { // bytes in the group in which the value begins
			text := alphabet.EncodeToString(append(make([]byte, before), value...))
			// The characters at the ends depend on the neighbours too.
			text = text[(8*before+5)/6 : 8*(before+len(value))/6]
			byName[name] = append(byName[name], []byte(text))
		}
	}
	return byName
}

// Bytes finds secrets in data, which the findings call place. It reports each secret once per place and encoding: where
// it is first in the plainest way of reading that shows it.
func (s *Scanner) Bytes(place string, data []byte) []Finding {
	return sorted(s.look(place, data, 0))
}

// look is Bytes, below that many archives.
func (s *Scanner) look(place string, data []byte, depth int) []Finding {
	var found []Finding
	seen := map[string]bool{}
	for _, view := range views(data) {
		s.each(view.text, func(n needle, at int) {
			if seen[n.label+"\x00"+n.encoding] {
				return
			}
			seen[n.label+"\x00"+n.encoding] = true
			found = append(found, Finding{
				Label: n.label, Form: n.encoding + view.name, Place: place, Offset: view.origin(at),
			})
		})
	}
	if depth < maxDepth {
		for _, m := range unpack(data) {
			found = append(found, s.look(place+"!"+m.name, m.content, depth+1)...)
		}
	}
	return found
}

// each calls visit for each needle in text.
func (s *Scanner) each(text []byte, visit func(n needle, at int)) {
	var window uint64
	for i, b := range text {
		window = window<<8 | uint64(b)
		if i < windowBytes-1 || !s.filter[bucket(window)] {
			continue
		}
		at := i - windowBytes + 1
		for _, n := range s.needles[window] {
			if bytes.HasPrefix(text[at:], n.text) {
				visit(n, at)
			}
		}
	}
}

// File finds secrets in the content of a file.
func (s *Scanner) File(path string) ([]Finding, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return s.Bytes(path, content), nil
}

// Tree finds secrets in the names and contents of the files below dir, and in the targets of links, which it does not
// follow. Places are paths relative to dir. What vanishes while it looks was not there; skip, if non-nil, says which
// paths are left out.
func (s *Scanner) Tree(dir string, skip func(path string) bool) ([]Finding, error) {
	var found []Finding
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		place, err := filepath.Rel(dir, path)
		if err != nil || skip != nil && skip(place) {
			return err
		}
		found = append(found, s.Bytes("name of "+filepath.Dir(place)+"/…", []byte(entry.Name()))...)
		var content []byte
		switch {
		case entry.Type().IsRegular():
			content, err = os.ReadFile(path)
		case entry.Type()&fs.ModeSymlink != 0:
			var target string
			target, err = os.Readlink(path)
			content = []byte(target)
		}
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		found = append(found, s.Bytes(place, content)...)
		return nil
	})
	return sorted(found), err
}

// sorted puts findings into an order that does not depend on maps.
func sorted(found []Finding) []Finding {
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Place, b.Place), strings.Compare(a.Label, b.Label), cmp.Compare(a.Offset, b.Offset),
			strings.Compare(a.Form, b.Form))
	})
	return found
}
