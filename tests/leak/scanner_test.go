// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/leak"
)

// value has what each way of escaping has to escape.
const value = `"\<&+/% é😀x` + "\n" + `7Qm2VtYxT0'aKz9\"\\<&+/% ü𝄞>q`

// written are the ways in which a program may write a value.
var written = map[string]func(value string) string{
	"as it is":                func(v string) string { return v },
	"base64":                  inBase64,
	"base64, after 1":         func(v string) string { return base64.StdEncoding.EncodeToString([]byte("x" + v)) },
	"base64, after 2":         func(v string) string { return base64.StdEncoding.EncodeToString([]byte("xy" + v)) },
	"base64, raw":             func(v string) string { return base64.RawStdEncoding.EncodeToString([]byte(v)) },
	"base64 of URLs":          func(v string) string { return base64.URLEncoding.EncodeToString([]byte(v)) },
	"base64 of URLs, after":   func(v string) string { return base64.URLEncoding.EncodeToString([]byte("xy" + v + "z")) },
	"base64 of URLs, raw":     func(v string) string { return base64.RawURLEncoding.EncodeToString([]byte(v)) },
	"hex":                     func(v string) string { return hex.EncodeToString([]byte(v)) },
	"hex, upper case":         func(v string) string { return strings.ToUpper(hex.EncodeToString([]byte(v))) },
	"slice of bytes":          func(v string) string { return fmt.Sprintf("%d", []byte(v)) },
	"URL path":                url.PathEscape,
	"URL query":               url.QueryEscape,
	"JSON":                    func(v string) string { return inJSON(v, false) },
	"JSON for HTML":           func(v string) string { return inJSON(v, true) },
	"JSON twice":              func(v string) string { return inJSON(inJSON(v, false), false) },
	"JSON for HTML, twice":    func(v string) string { return inJSON(inJSON(v, true), true) },
	"JSON three times":        func(v string) string { return inJSON(inJSON(inJSON(v, true), false), true) },
	"JSON, all \\u":           unicodeEscapes,
	"JSON, all \\u, twice":    func(v string) string { return inJSON(unicodeEscapes(v), false) },
	"JSON, slash escaped":     func(v string) string { return strings.ReplaceAll(inJSON(v, false), "/", `\/`) },
	"JSON in a query":         func(v string) string { return url.QueryEscape(inJSON(v, true)) },
	"JSON in a path":          func(v string) string { return url.PathEscape(inJSON(v, true)) },
	"URL query in JSON":       func(v string) string { return inJSON(url.QueryEscape(v), true) },
	"URL path in JSON":        func(v string) string { return inJSON(url.PathEscape(v), true) },
	"base64 in a query":       func(v string) string { return url.QueryEscape(inBase64(v)) },
	"Go %q":                   strconv.Quote,
	"Go %+q":                  strconv.QuoteToASCII,
	"Go %q in JSON":           func(v string) string { return inJSON(strconv.Quote(v), true) },
	"octal, as protobuf does": octal,
	"HTML":                    html.EscapeString,
	"HTML in JSON":            func(v string) string { return inJSON(html.EscapeString(v), true) },
	"gzip":                    zipped,
	"gzip in gzip":            func(v string) string { return zipped("a" + zipped(v) + "b") },
	"tar.gz":                  tarGz,
	"zip":                     zipFile,
	"gzip in zip":             func(v string) string { return zipFile(zipped(v)) },
	"JSON in gzip":            func(v string) string { return zipped(inJSON(v, true)) },
	"first half":              func(v string) string { return v[:len(v)-len(v)/3] },
	"second half":             func(v string) string { return v[len(v)/3:] },
}

func inBase64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func inJSON(text string, forHTML bool) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(forHTML)
	if err := enc.Encode(text); err != nil {
		return err.Error()
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func unicodeEscapes(text string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&b, `\u%04X`, unit)
	}
	return b.String()
}

// octal writes as protobuf's text format does.
func octal(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case c == '"' || c == '\\' || c == '\'':
			b.WriteString(`\` + string(rune(c)))
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text) // a buffer takes it all
	_ = w.Close()
	return b.String()
}

func tarGz(text string) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	_ = w.WriteHeader(&tar.Header{Name: "etc/member", Mode: 0o600, Size: int64(len(text))})
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return zipped(b.String())
}

func zipFile(text string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range map[string]string{"empty": "", "etc/member": text} {
		f, err := w.Create(name)
		if err != nil {
			return err.Error()
		}
		_, _ = io.WriteString(f, content)
	}
	_ = w.Close()
	return b.String()
}

func scanner(tb testing.TB, secrets ...leak.Secret) *leak.Scanner {
	tb.Helper()
	s, err := leak.New(secrets...)
	require.NoError(tb, err)
	return s
}

func TestAValueIsFoundInEveryForm(t *testing.T) {
	t.Parallel()
	s := scanner(t, leak.Secret{Label: "other", Value: strings.Repeat("another value ", 4)},
		leak.Secret{Label: "KEY", Value: value})
	for name, write := range written {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, around := range []string{"", "before ", `{"a":"`, `\`, "%", "&amp"} {
				found := s.Bytes("log", []byte(around+write(value)+around))
				if assert.NotEmpty(t, found, around) {
					assert.Equal(t, "KEY", found[0].Label)
					assert.True(t, strings.HasPrefix(found[0].Place, "log"), found[0].Place)
				}
				for _, f := range found {
					assert.Equal(t, "KEY", f.Label)
					assert.NotContains(t, f.String(), "7Qm2VtYxT0", "a finding must not repeat what it found")
				}
			}
		})
	}
}

// TestAFindingSaysWhereAndHow: a person who reads it needs not search again.
func TestAFindingSaysWhereAndHow(t *testing.T) {
	t.Parallel()
	s := scanner(t, leak.Secret{Label: "KEY", Value: value})
	for form, c := range map[string]struct {
		data string
		want []leak.Finding
	}{
		"text": {"0123" + value, []leak.Finding{
			{Label: "KEY", Form: "text", Place: "log", Offset: 4},
		}},
		"nothing":  {strings.ReplaceAll(value, "x", "y")[:len(value)/2] + "and no more", nil},
		"escaped":  {`\n\t` + inJSON(value, true), []leak.Finding{{"KEY", "text, escaped", "log", 5}}},
		"archive":  {"0123" + tarGz("01"+value), []leak.Finding{{"KEY", "text", "log!gzip at byte 4!etc/member", 2}}},
		"in a URL": {"/a%20b/" + url.PathEscape(value), []leak.Finding{{"KEY", "text, URL-escaped", "log", 7}}},
		"twice":    {`"` + inJSON(inJSON(value, true), true), []leak.Finding{{"KEY", "text, escaped twice", "log", 4}}},
	} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			var first []leak.Finding
			for _, f := range s.Bytes("log", []byte(c.data)) {
				if len(c.want) > 0 && f.Form == c.want[0].Form {
					first = append(first, f)
				}
			}
			assert.Equal(t, c.want, first)
		})
	}
}

func TestNothingIsFoundWhereNothingIs(t *testing.T) {
	t.Parallel()
	s := scanner(t, leak.Secret{Label: "KEY", Value: value})
	for _, innocent := range []string{
		"", "x", `\`, "%", "%4", `\u12`, `\ud83d\u0041`, `\x4`, "&amp", "&;", "\x1f\x8b\x08", "PK\x05\x06", zipped(""),
		zipped("innocent"), value[:len(value)/3], value[len(value)-len(value)/3:], strings.ToUpper(value),
	} {
		assert.Empty(t, s.Bytes("log", []byte(innocent)))
	}
}

// TestWhatIsCutShortIsFound: a writer that was killed has written what it has written.
func TestWhatIsCutShortIsFound(t *testing.T) {
	t.Parallel()
	s := scanner(t, leak.Secret{Label: "KEY", Value: value})
	whole := zipped(value + strings.Repeat(" and much more", 5000))
	assert.NotEmpty(t, s.Bytes("log", []byte(whole[:len(whole)-4])))
}

func TestAShortValueIsRefused(t *testing.T) {
	t.Parallel()
	_, err := leak.New(leak.Secret{Label: "KEY", Value: "hunter2"})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "KEY")
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestATreeIsSearchedWholly(t *testing.T) {
	t.Parallel()
	const name = "plain-7Qm2VtYxT0aKz9plain-7Qm2VtYxT0aKz9"
	s := scanner(t, leak.Secret{Label: "KEY", Value: value}, leak.Secret{Label: "NAME", Value: name})
	dir := t.TempDir()
	put := func(path, content string) {
		path = filepath.Join(dir, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	put("clean", "nothing")
	found, err := s.Tree(dir, nil)
	require.NoError(t, err)
	require.Empty(t, found)

	put("a/b/.hidden", inJSON(value, true))
	put("skipped/file", value)
	put("c/"+name, "")
	require.NoError(t, os.Symlink(name, filepath.Join(dir, "link")))
	require.NoError(t, os.Symlink(t.TempDir(), filepath.Join(dir, "outside")))
	found, err = s.Tree(dir, func(path string) bool { return path == filepath.Join("skipped", "file") })
	require.NoError(t, err)
	places := map[string]string{}
	for _, f := range found {
		places[f.Place] = f.Label
	}
	assert.Equal(t, map[string]string{"a/b/.hidden": "KEY", "name of c/…": "NAME", "link": "NAME"}, places)

	_, err = s.Tree(filepath.Join(dir, "a", "b", ".hidden"), nil)
	require.NoError(t, err, "a file is a tree too")
	found, err = s.File(filepath.Join(dir, "skipped", "file"))
	require.NoError(t, err)
	assert.NotEmpty(t, found)
	_, err = s.File(filepath.Join(dir, "missing"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// FuzzAValueIsFound: whatever the value and whatever stands around it.
func FuzzAValueIsFound(f *testing.F) {
	f.Add(value, []byte("before"), []byte("after"))
	f.Add(strings.Repeat(`\`, 40)+"x"+strings.Repeat(`"%`, 20), []byte(`\`), []byte("%"))
	f.Add(strings.Repeat("u1234", 10), []byte(`\`), []byte{0x1f, 0x8b, 8})
	f.Add("\x1f\x8b\x08"+strings.Repeat("z", 40), []byte("&#"), []byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, value string, before, after []byte) {
		value = strings.ToValidUTF8(value, "?")
		if len(value) < leak.MinLength {
			return
		}
		s := scanner(t, leak.Secret{Label: "KEY", Value: value})
		for name, write := range written {
			data := append(append(bytes.Clone(before), write(value)...), after...)
			if len(s.Bytes("log", data)) == 0 {
				t.Errorf("not found %s: %q before %q, after %q", name, value, before, after)
			}
		}
	})
}
