// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

// DefaultMaxBytes bounds a [Cache] whose MaxBytes is zero: 1 GiB.
const DefaultMaxBytes = 1 << 30

// Cache keeps bundles by digest in a directory that all processes of the
// machine may share. What it returns was verified against the digest at that
// very moment, so a damaged entry costs a download and never a wrong deployment.
//
// A directory that cannot be written makes every look-up a miss; it is never an error.
type Cache struct {
	// Dir is made when needed, readable by its owner only. Empty: no cache.
	Dir string
	// MaxBytes is the size above which the least recently used bundles are
	// removed. Zero: [DefaultMaxBytes].
	MaxBytes int64
}

// single is the archive name of the content of a one-file bundle, whose name
// is not part of its digest. No module can be called so (digest.CheckName).
const single = "."

// Bundle returns the bundle whose digest is want. If it is not in the cache,
// fetch is called for it, by one process of the machine at a time for each
// digest, and its result is verified and kept. name is what the file of a
// one-file bundle is called here; it is empty for a directory.
func (c *Cache) Bundle(
	ctx context.Context, want digest.Digest, name string, fetch func(context.Context) (Bundle, error),
) (Bundle, error) {
	if b, ok := c.load(want, name); ok {
		return b, nil
	}
	unlock, err := c.lock(ctx, want)
	if err != nil {
		return Bundle{}, err
	}
	defer unlock()
	if b, ok := c.load(want, name); ok { // another process fetched it meanwhile
		return b, nil
	}
	b, err := fetch(ctx)
	if err != nil {
		return Bundle{}, err
	}
	if err := b.Verify(want); err != nil {
		return Bundle{}, err
	}
	c.Store(want, b)
	return b, nil
}

// Store keeps b, whose digest the caller has verified to be d.
func (c *Cache) Store(d digest.Digest, b Bundle) {
	if c.Dir == "" {
		return
	}
	if err := c.write(d, b); err == nil {
		c.evict(d)
	} // a cache that cannot be written is a slower one, not a failure
}

func (c *Cache) path(d digest.Digest) string {
	return filepath.Join(c.Dir, "bundles", d.String()+".zip")
}

func (c *Cache) load(want digest.Digest, name string) (Bundle, bool) {
	if c.Dir == "" {
		return Bundle{}, false
	}
	raw, err := os.ReadFile(c.path(want))
	if err != nil {
		return Bundle{}, false
	}
	b, err := unpack(raw, name)
	if err != nil || b.Verify(want) != nil {
		_ = os.Remove(c.path(want)) // damaged: the next look-up fetches it anew
		return Bundle{}, false
	}
	now := time.Now()
	_ = os.Chtimes(c.path(want), now, now) // best effort: marks it as recently used
	return b, true
}

func (c *Cache) write(d digest.Digest, b Bundle) error {
	raw, err := pack(b)
	if err != nil {
		return err
	}
	return writeAtomically(c.path(d), raw)
}

// writeAtomically makes path hold content for every reader at once, or not at all.
func writeAtomically(path string, content []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error is the one to report
	}
	return err
}

// evict removes the least recently used bundles, but never keep, until the rest fits.
func (c *Cache) evict(keep digest.Digest) {
	limit := c.MaxBytes
	if limit == 0 {
		limit = DefaultMaxBytes
	}
	entries, total := filesByAge(filepath.Dir(c.path(keep)))
	for _, e := range entries {
		if total <= limit {
			return
		}
		if path := filepath.Join(filepath.Dir(c.path(keep)), e.Name()); path != c.path(keep) && os.Remove(path) == nil {
			total -= e.Size()
		}
	}
}

// filesByAge lists the files in dir, oldest first, and their total size in bytes.
func filesByAge(dir string) (files []fs.FileInfo, bytes int64) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, 0
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() { // else it went away meanwhile
			files = append(files, info)
			bytes += info.Size()
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	return files, bytes
}

// lock excludes other fetches of d on this machine until the returned function
// is called. Digests that share a lock file merely wait for each other.
func (c *Cache) lock(ctx context.Context, d digest.Digest) (unlock func(), err error) {
	if c.Dir == "" {
		return func() {}, nil
	}
	path := filepath.Join(c.Dir, "locks", d.String()[:2])
	locked := make(chan func(), 1)
	go func() { locked <- lockFile(path) }()
	select {
	case unlock := <-locked:
		return unlock, nil
	case <-ctx.Done():
		go func() { (<-locked)() }()
		return nil, ctx.Err()
	}
}

// lockFile waits until no other process holds path. Where there can be no
// locks, it does not wait: what is fetched twice is fetched twice.
func lockFile(path string) (unlock func()) {
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		unlock, err = lockedfile.MutexAt(path).Lock()
	}
	if err != nil {
		return func() {}
	}
	return unlock
}

func pack(b Bundle) ([]byte, error) {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, name := range b.Names() {
		entry := name
		if b.Single {
			entry = single
		}
		f, err := w.CreateHeader(&zip.FileHeader{Name: entry, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(b.Files[name]); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return buf.Bytes(), err
}

func unpack(raw []byte, name string) (Bundle, error) {
	r, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return Bundle{}, err
	}
	b := Bundle{Files: make(map[string][]byte, len(r.File)), Single: name != ""}
	for _, entry := range r.File {
		f, err := entry.Open()
		if err != nil {
			return Bundle{}, err
		}
		content, err := io.ReadAll(io.LimitReader(f, int64(len(raw)))) // stored, so never larger than the archive
		if err = errors.Join(err, f.Close()); err != nil {
			return Bundle{}, err
		}
		if b.Single && entry.Name == single {
			b.Files[name] = content
			continue
		}
		b.Files[entry.Name] = content
	}
	return b, nil
}
