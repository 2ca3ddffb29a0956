// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/assets"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

// assetSource is where static assets come from.
type assetSource interface {
	// tree tells which files there are. It reads no more of them than it must.
	tree(ctx context.Context) (assets.Tree, error)
	// content returns one of the tree's files, verified.
	content(ctx context.Context, t assets.Tree, name string) ([]byte, error)
	// close ends the use of the source.
	close()
}

// openAssets returns the one source that w names.
func openAssets(ctx context.Context, store bundleStore, w WorkerAssets) (assetSource, error) {
	switch {
	case w.archive() != nil:
		source, err := openArchive(ctx, w.archive(), assets.MaxSize)
		if err != nil {
			return nil, err
		}
		return source, nil
	case w.Bucket != "":
		place := BundleReference{Bucket: w.Bucket, Key: w.Prefix, Jurisdiction: w.Jurisdiction}
		return &storedAssets{store: store, at: place}, nil
	}
	info, err := os.Stat(w.Directory)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &missingAssetsError{what: "directory", path: w.Directory}
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, fmt.Errorf("%q: it is a file, not a directory", w.Directory)
	}
	return &fileAssets{what: w.Directory, fsys: os.DirFS(w.Directory)}, nil
}

// missingAssetsError says that there is nothing where the assets should be.
type missingAssetsError struct{ what, path string }

func (e *missingAssetsError) Error() string {
	return fmt.Sprintf("there is no %s %q: has the site been built?", e.what, e.path)
}

// fileAssets are assets in a file system.
type fileAssets struct {
	what string // where it is, for errors
	fsys fs.FS
	end  func() error // nil: nothing to do
}

func (f *fileAssets) tree(ctx context.Context) (assets.Tree, error) {
	t, err := assets.Read(ctx, f.fsys)
	if err != nil {
		return assets.Tree{}, fmt.Errorf("%q: %w", f.what, err)
	}
	return t, nil
}

func (f *fileAssets) content(_ context.Context, t assets.Tree, name string) ([]byte, error) {
	return t.Content(f.fsys, name)
}

func (f *fileAssets) close() {
	if f.end != nil {
		_ = f.end() // a temporary directory, or a file that was only read: nothing is lost
	}
}

// openArchive gives an archive as a directory: that of a path is the directory itself, a zip file is read in place,
// all others are unpacked into a temporary directory, their files up to just above the limit in bytes.
func openArchive(ctx context.Context, a *resource.Archive, limit int64) (*fileAssets, error) {
	f := &fileAssets{what: "the archive"}
	if a.Path != "" {
		f.what = a.Path
		info, err := os.Stat(a.Path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, &missingAssetsError{what: "archive", path: a.Path}
		case err != nil:
			return nil, err
		case info.IsDir():
			f.fsys = os.DirFS(a.Path)
			return f, nil
		case slices.Contains([]string{".zip", ".jar"}, path.Ext(a.Path)):
			r, err := zip.OpenReader(a.Path)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", a.Path, err)
			}
			f.fsys, f.end = r, r.Close
			return f, nil
		}
	}
	dir, err := os.MkdirTemp("", "pulumi-cloudflare-workers-assets-")
	if err != nil {
		return nil, err
	}
	f.fsys, f.end = os.DirFS(dir), func() error { return os.RemoveAll(dir) }
	root, err := os.OpenRoot(dir)
	if err == nil {
		err = errors.Join(unpacker{root, limit}.archive(ctx, a, ""), root.Close())
	}
	if err != nil {
		f.close()
		return nil, fmt.Errorf("%q: %w", f.what, err)
	}
	return f, nil
}

// unpacker writes archives into a directory, which nothing in them can leave.
type unpacker struct {
	root  *os.Root
	limit int64 // of a file, in bytes
}

// archive writes what a has below the directory called at.
func (u unpacker) archive(ctx context.Context, a *resource.Archive, at string) error {
	switch {
	case a == nil:
		return nil
	case a.URI != "":
		return u.remoteArchive(ctx, a.URI, at)
	case a.Path != "":
		return u.file(ctx, a.Path, at)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Assets)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		inner := path.Join(at, name)
		switch member := a.Assets[name].(type) {
		case *resource.Archive:
			if err := u.archive(ctx, member, inner); err != nil {
				return err
			}
		case *resource.Asset:
			if err := u.asset(ctx, member, inner); err != nil {
				return fmt.Errorf("%q: %w", inner, err)
			}
		default:
			return fmt.Errorf("%q is neither an asset nor an archive", inner)
		}
	}
	return nil
}

func (u unpacker) asset(ctx context.Context, a *resource.Asset, name string) error {
	switch {
	case a.URI != "":
		return u.remoteAsset(ctx, a.URI, name)
	case a.Path == "":
		return u.write(name, strings.NewReader(a.Text))
	}
	f, err := os.Open(a.Path)
	if err != nil {
		return err
	}
	return errors.Join(u.write(name, f), f.Close())
}

// file writes what the archive or the directory at source has.
func (u unpacker) file(ctx context.Context, source, at string) error {
	info, err := os.Stat(source)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return u.copy(ctx, os.DirFS(source), at)
	case slices.Contains([]string{".zip", ".jar"}, path.Ext(source)):
		r, err := zip.OpenReader(source)
		if err != nil {
			return err
		}
		return errors.Join(u.copy(ctx, r, at), r.Close())
	}
	f, err := os.Open(source)
	if err != nil {
		return err
	}
	switch base := filepath.Base(source); {
	case strings.HasSuffix(base, ".tar"):
		err = u.tar(ctx, f, at)
	case strings.HasSuffix(base, ".tar.gz"), strings.HasSuffix(base, ".tgz"):
		var r *gzip.Reader
		if r, err = gzip.NewReader(f); err == nil {
			err = u.tar(ctx, r, at)
		}
	default:
		err = fmt.Errorf("%q is neither a directory nor a .zip, .tar, .tar.gz or .tgz", source)
	}
	return errors.Join(err, f.Close())
}

// copy writes the files of fsys.
func (u unpacker) copy(ctx context.Context, fsys fs.FS, at string) error {
	return fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case entry.IsDir():
			return nil
		case !entry.Type().IsRegular():
			return fmt.Errorf("%q is neither a file nor a directory", name)
		}
		f, err := fsys.Open(name)
		if err != nil {
			return err
		}
		return errors.Join(u.write(path.Join(at, name), f), f.Close())
	})
}

// tar writes the files of a tar stream.
func (u unpacker) tar(ctx context.Context, r io.Reader, at string) error {
	for stream := tar.NewReader(r); ; {
		header, err := stream.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
		switch header.Typeflag {
		case tar.TypeReg:
			name := path.Join(at, header.Name) //nolint:gosec // write refuses what leaves the directory, and so does the root
			if err := u.write(name, stream); err != nil {
				return err
			}
		case tar.TypeDir, tar.TypeXGlobalHeader:
		default:
			return fmt.Errorf("%q is neither a file nor a directory", header.Name)
		}
	}
}

// write writes a file. What is larger than any may be is cut off just above that, and refused when it is read.
func (u unpacker) write(name string, r io.Reader) error {
	if err := digest.CheckName(name); err != nil {
		return err
	}
	if dir := path.Dir(name); dir != "." {
		if err := u.root.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	f, err := u.root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, io.LimitReader(r, u.limit+1))
	return errors.Join(err, f.Close())
}

// storedAssets are assets in R2: all objects below a prefix.
type storedAssets struct {
	store bundleStore
	at    BundleReference

	objects map[string]cfapi.ObjectInfo // by name; those of the last tree
}

func (s *storedAssets) close() {}

// tree lists the objects. Of those that this machine has not seen R2 is asked for the SHA-256, and for the content of
// those of which it has none.
func (s *storedAssets) tree(ctx context.Context) (assets.Tree, error) {
	list, err := listObjects(ctx, s.store.api, s.store.place(s.at), s.at.Key)
	if err != nil {
		return assets.Tree{}, err
	}
	if len(list) == 0 {
		return assets.Tree{}, &cfapi.Error{
			Op: fmt.Sprintf("list assets %q", s.at), Kind: cfapi.ErrNotFound, API: cfapi.APIR2,
			Err: fmt.Errorf("no object's key begins with %q", s.at.Key),
		}
	}
	s.objects = make(map[string]cfapi.ObjectInfo, len(list))
	for _, o := range list {
		s.objects[strings.TrimPrefix(o.Key, s.at.Key)] = o
	}
	known := s.known()
	ignore, headers, redirects := assets.Special()
	texts := map[string]*string{}
	for _, name := range []string{ignore, headers, redirects} {
		if o, there := s.objects[name]; there {
			text, err := s.text(ctx, name, o, known)
			if err != nil {
				return assets.Tree{}, err
			}
			texts[name] = &text
		}
	}
	kept, err := assets.Kept(slices.Sorted(maps.Keys(s.objects)), texts[ignore])
	if err != nil {
		return assets.Tree{}, fmt.Errorf("%q: %w", s.at, err)
	}
	if err := s.sum(ctx, kept, known); err != nil {
		return assets.Tree{}, err
	}
	files := make(map[string]assets.Sum, len(kept))
	for _, name := range kept {
		files[name] = assets.Sum{Size: s.objects[name].Size, Digest: known[identity(s.objects[name])]}
	}
	s.remember(known)
	t, err := assets.Assemble(files, orZero(texts[headers]), orZero(texts[redirects]))
	if err != nil {
		return assets.Tree{}, fmt.Errorf("%q: %w", s.at, err)
	}
	return t, nil
}

// text returns the content of a small object, from the machine's cache if it is there.
func (s *storedAssets) text(
	ctx context.Context, name string, o cfapi.ObjectInfo, known map[string]digest.Digest,
) (string, error) {
	fetch := func(ctx context.Context) (bundle.Bundle, error) {
		content, err := s.get(ctx, o)
		return bundle.Bundle{Files: map[string][]byte{name: content}, Single: true}, err
	}
	var b bundle.Bundle
	var err error
	if d := known[identity(o)]; !d.IsZero() {
		b, err = s.store.cache.Bundle(ctx, d, name, fetch)
	} else if b, err = fetch(ctx); err == nil {
		known[identity(o)] = digest.OfBytes(b.Files[name])
		s.store.cache.Store(known[identity(o)], b)
	}
	return string(b.Files[name]), err
}

// get downloads an object as it was listed.
func (s *storedAssets) get(ctx context.Context, o cfapi.ObjectInfo) ([]byte, error) {
	body, _, err := s.store.api.GetObject(ctx, s.store.place(s.at), o.Key, o.ETag)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(body)
	return content, errors.Join(err, body.Close())
}

func (s *storedAssets) content(ctx context.Context, t assets.Tree, name string) ([]byte, error) {
	content, err := s.get(ctx, s.objects[name])
	if err == nil {
		err = t.Verify(name, content)
	}
	return content, err
}
