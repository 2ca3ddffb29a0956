// SPDX-License-Identifier: Apache-2.0

package assets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

// Limits: https://developers.cloudflare.com/workers/static-assets/ and its platform limits.
const (
	MaxSize   = 25 << 20 // bytes of a file
	FreeFiles = 20_000   // files of a version on the free plan
	MaxFiles  = 100_000  // files of a version
)

// The files with a meaning of their own, at the top of the directory.
const (
	ignoreFile    = ".assetsignore"
	headersFile   = "_headers"
	redirectsFile = "_redirects"
	pagesWorker   = "_worker.js" // code, in a directory made for Cloudflare Pages
)

// File is one asset.
type File struct {
	Size   int64
	Digest digest.Digest
	// Hash is by what Cloudflare knows the file: 32 hex digits. Files with equal content and equal extensions have
	// equal ones; the extension decides the content type, which is kept with the content.
	Hash string
}

// Tree is a directory of assets. What a file in it contains is read when it is needed only.
type Tree struct {
	Files     map[string]File // by slash-separated name
	Headers   string          // the text of _headers
	Redirects string          // the text of _redirects
	digests   map[string]digest.Digest
}

// Read reads the directory fsys. Symbolic links are errors that name them, unless they are ignored: what they point at
// is not part of the directory.
func Read(ctx context.Context, fsys fs.FS) (Tree, error) {
	t := Tree{Files: map[string]File{}, digests: map[string]digest.Digest{}}
	rules, err := optional(fsys, ignoreFile)
	if err != nil {
		return Tree{}, err
	}
	_, err = fs.Stat(fsys, ignoreFile)
	ignored, always := ParseIgnore(rules), err == nil
	own := map[string]*string{headersFile: &t.Headers, redirectsFile: &t.Redirects}
	for name, text := range own {
		if *text, err = optional(fsys, name); err != nil {
			return Tree{}, err
		}
		if *text != "" {
			t.digests[name] = digest.OfBytes([]byte(*text))
		}
	}
	err = fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case name == ".", name == ignoreFile, own[name] != nil:
			return nil
		case !always && strings.HasPrefix(name, pagesWorker):
			return &codeError{name: name}
		case entry.IsDir() && ignored.IgnoredDirectory(name):
			return fs.SkipDir
		case entry.IsDir(), ignored.Ignored(name):
			return nil
		case !entry.Type().IsRegular():
			return fmt.Errorf("%q is neither a file nor a directory", name)
		}
		return t.add(fsys, name)
	})
	if err != nil {
		return Tree{}, err
	}
	return t, t.check()
}

// check refuses what Cloudflare would.
func (t *Tree) check() error {
	if len(t.Files) == 0 {
		return errors.New("there is no file to serve in it")
	}
	if len(t.Files) > MaxFiles {
		return fmt.Errorf("it has %d files; Cloudflare allows %d", len(t.Files), MaxFiles)
	}
	return nil
}

// Special are the names of the files with a meaning of their own, at the top of a directory.
func Special() (ignore, headers, redirects string) { return ignoreFile, headersFile, redirectsFile }

// Kept returns which of the files of a directory [Read] would take for assets, when rules is the text of its
// .assetsignore; nil: it has none.
func Kept(names []string, rules *string) (kept []string, err error) {
	var ignored Ignore
	if rules != nil {
		ignored = ParseIgnore(*rules)
	}
	for _, name := range names {
		switch {
		case name == ignoreFile, name == headersFile, name == redirectsFile:
		case rules == nil && strings.HasPrefix(name, pagesWorker):
			return nil, &codeError{name: name}
		case ignored.Ignored(name):
		default:
			kept = append(kept, name)
		}
	}
	return kept, nil
}

// Sum is what a store tells of a file without giving its content.
type Sum struct {
	Size   int64 // bytes
	Digest digest.Digest
}

// Assemble returns the tree that [Read] would of a directory with these assets, and with these texts of _headers and
// _redirects, empty if it has none.
func Assemble(files map[string]Sum, headers, redirects string) (Tree, error) {
	t := Tree{Files: map[string]File{}, Headers: headers, Redirects: redirects, digests: map[string]digest.Digest{}}
	for name, text := range map[string]string{headersFile: headers, redirectsFile: redirects} {
		if text != "" {
			t.digests[name] = digest.OfBytes([]byte(text))
		}
	}
	for name, sum := range files {
		if err := digest.CheckName(name); err != nil {
			return Tree{}, err
		}
		if sum.Size > MaxSize {
			return Tree{}, tooLarge(name, sum.Size)
		}
		t.Files[name] = File{Size: sum.Size, Digest: sum.Digest, Hash: hashOf(sum.Digest, name)}
		t.digests[name] = sum.Digest
	}
	return t, t.check()
}

// codeError refuses to publish what was made to run.
type codeError struct{ name string }

func (e *codeError) Error() string {
	return fmt.Sprintf("%q is code of Cloudflare Pages, which everybody could read as an asset: remove it, or name it in "+
		"a file %s; an empty one publishes it", e.name, ignoreFile)
}

// optional returns the text of a file that need not be there.
func optional(fsys fs.FS, name string) (string, error) {
	text, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}

// add reads one file.
func (t *Tree) add(fsys fs.FS, name string) error {
	if err := digest.CheckName(name); err != nil {
		return err
	}
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > MaxSize {
		return tooLarge(name, info.Size())
	}
	file, err := measure(f, name)
	if err != nil {
		return err
	}
	if file.Size > MaxSize {
		return tooLarge(name, file.Size)
	}
	t.Files[name], t.digests[name] = file, file.Digest
	return nil
}

func tooLarge(name string, size int64) error {
	return fmt.Errorf("%q has %.1f MiB; Cloudflare allows %d MiB a file", name, float64(size)/(1<<20), MaxSize>>20)
}

// measure reads a file's content.
func measure(r io.Reader, name string) (File, error) {
	d, n, err := digest.OfReader(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return File{}, fmt.Errorf("%q: %w", name, err)
	}
	return File{Size: n, Digest: d, Hash: hashOf(d, name)}, nil
}

// hashOf is the name under which Cloudflare keeps a file with that digest. It is ours to choose
// (https://developers.cloudflare.com/workers/static-assets/direct-upload/): it is made of what a store can tell without
// the content. Wrangler takes BLAKE3 of the base64 and the extension, which the standard library does not have; so what
// wrangler uploaded before is uploaded once more.
func hashOf(d digest.Digest, name string) string {
	const length = 16
	sum := sha256.Sum256([]byte(d.String() + path.Ext(name)))
	return hex.EncodeToString(sum[:length])
}

// Content returns the content of an asset, verified: what is uploaded under the hash of other content would be served
// for good.
func (t Tree) Content(fsys fs.FS, name string) ([]byte, error) {
	content, err := fs.ReadFile(fsys, name)
	if err == nil {
		err = t.Verify(name, content)
	}
	return content, err
}

// Verify refuses content that is not the asset's.
func (t Tree) Verify(name string, content []byte) error {
	if digest.OfBytes(content) != t.Files[name].Digest {
		return fmt.Errorf("%q has changed while it was uploaded", name)
	}
	return nil
}

// Lines are the sorted lines "<sha256>  <name>", one for each asset, _headers and _redirects. Their digest is the
// tree's, so a [Listing] that was read back can be verified.
func (t Tree) Lines() []byte {
	lines := make([]string, 0, len(t.digests))
	for name, d := range t.digests {
		lines = append(lines, d.String()+"  "+name+"\n")
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, ""))
}

// Digest is the digest of the directory without what is ignored ([digest.OfTree]).
func (t Tree) Digest() digest.Digest { return digest.OfBytes(t.Lines()) }

// Size is the size of all assets together in bytes.
func (t Tree) Size() (bytes int64) {
	for _, f := range t.Files {
		bytes += f.Size
	}
	return bytes
}

// Listing is what is known of a tree by its lines: digests in hex by name.
type Listing map[string]string

// ParseListing is the inverse of [Tree.Lines].
func ParseListing(lines []byte) Listing {
	listing := Listing{}
	for line := range strings.Lines(string(lines)) {
		if sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  "); ok {
			listing[name] = sum
		}
	}
	return listing
}

// Compare returns the names of the files that are in is only, in both with different content, and in was only.
func Compare(was, is Listing) (added, changed, gone []string) {
	for name, sum := range is {
		old, there := was[name]
		switch {
		case !there:
			added = append(added, name)
		case old != sum:
			changed = append(changed, name)
		}
	}
	for name := range was {
		if _, there := is[name]; !there {
			gone = append(gone, name)
		}
	}
	slices.Sort(added)
	slices.Sort(changed)
	slices.Sort(gone)
	return added, changed, gone
}
