// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

var _ infer.Annotated = (*BundleReference)(nil)

// BundleReference names a build output in R2.
type BundleReference struct {
	Bucket       string `pulumi:"bucket"`
	Key          string `pulumi:"key"`
	SHA256       string `pulumi:"sha256,optional"`
	Jurisdiction string `pulumi:"jurisdiction,optional"`
}

// Annotate describes the reference.
func (r *BundleReference) Annotate(a infer.Annotator) {
	a.Describe(&r, "A build output in R2: one module, or a directory of modules.")
	r.annotateMembers(a)
}

// annotateMembers describes the members of the reference, which a function has as its arguments.
func (r *BundleReference) annotateMembers(a infer.Annotator) {
	a.Describe(&r.Bucket, "Name of the R2 bucket, such as `bundles`.")
	a.Describe(&r.Key, "Key of the object. A key that ends in `/`, such as `api/v1.2.3/`, means all objects below it: a "+
		"directory of modules, named relative to it. Any other key, such as `api/v1.2.3.js`, is a single module.")
	a.Describe(&r.SHA256, "The content's SHA-256 in hex, which pins it: what is deployed is verified against it, and a "+
		"preview costs no request. Of a directory it is the SHA-256 of the sorted lines `<sha256>  <name>`: "+
		"`find . -type f ! -path ./README.md ! -path ./bundle-meta.json -printf '%P\\0' | xargs -0 sha256sum | "+
		"LC_ALL=C sort | sha256sum`. (Those two are what wrangler writes beside the modules for people; they are not part "+
		"of a bundle.) "+
		"Default: what the key holds at the moment; a preview then shows when that has changed.")
	a.Describe(&r.Jurisdiction, "Jurisdiction of the bucket: `eu` or `fedramp`. Default: none.")
}

// isDirectory tells whether r means all objects below its key.
func (r BundleReference) isDirectory() bool { return strings.HasSuffix(r.Key, "/") }

func (r BundleReference) String() string { return "r2://" + r.Bucket + "/" + r.Key }

// A bundleStore reads bundles from R2 through the machine's cache.
type bundleStore struct {
	api     *cfapi.Client
	cache   *bundle.Cache
	account string
}

func (s bundleStore) place(r BundleReference) cfapi.Place {
	return cfapi.Place{Account: s.account, Jurisdiction: r.Jurisdiction, Bucket: r.Bucket}
}

// digest says what r points at now. It costs one metadata request (for a
// directory one for each 1000 objects), and the content only if R2 holds no
// digest for it and this machine has never seen these ETags.
func (s bundleStore) digest(ctx context.Context, r BundleReference) (digest.Digest, error) {
	objects, err := s.objects(ctx, r)
	if err != nil {
		return digest.Digest{}, err
	}
	if !r.isDirectory() && objects[0].SHA256 != "" {
		return digest.Parse(objects[0].SHA256)
	}
	var seen strings.Builder // the identity of the objects, as far as metadata tells it
	fmt.Fprintf(&seen, "%s\n%s\n%s\n%s\n", s.api.R2Endpoint, s.account, r.Jurisdiction, r.Bucket)
	for _, o := range objects {
		fmt.Fprintf(&seen, "%s %d %s\n", o.ETag, o.Size, o.Key)
	}
	if known, ok := s.cache.Fact("etag", seen.String()); ok {
		if d, err := digest.Parse(known); err == nil {
			return d, nil
		}
	}
	b, err := s.download(ctx, r, objects)
	if err != nil {
		return digest.Digest{}, err
	}
	d, err := b.Digest()
	if err != nil {
		return digest.Digest{}, err
	}
	s.cache.Store(d, b)
	s.cache.SetFact("etag", seen.String(), d.String())
	return d, nil
}

// fetch returns the bundle that r points at, verified against r.SHA256.
func (s bundleStore) fetch(ctx context.Context, r BundleReference) (bundle.Bundle, error) {
	want, err := digest.Parse(r.SHA256)
	if err != nil {
		return bundle.Bundle{}, fmt.Errorf("bundle.sha256: %w", err)
	}
	name := path.Base(r.Key)
	if r.isDirectory() {
		name = ""
	}
	b, err := s.cache.Bundle(ctx, want, name, func(ctx context.Context) (bundle.Bundle, error) {
		objects, err := s.objects(ctx, r)
		if err != nil {
			return bundle.Bundle{}, err
		}
		return s.download(ctx, r, objects)
	})
	if err != nil {
		return bundle.Bundle{}, fmt.Errorf("bundle %s: %w", r, err)
	}
	return b, nil
}

// objects lists what r is made of: at least one object, or ErrNotFound.
func (s bundleStore) objects(ctx context.Context, r BundleReference) ([]cfapi.ObjectInfo, error) {
	if !r.isDirectory() {
		o, err := s.api.HeadObject(ctx, s.place(r), r.Key)
		return []cfapi.ObjectInfo{o}, err
	}
	all, err := listObjects(ctx, s.api, s.place(r), r.Key)
	all = slices.DeleteFunc(all, func(o cfapi.ObjectInfo) bool {
		return bundle.Ignored(strings.TrimPrefix(o.Key, r.Key))
	})
	if err == nil && len(all) == 0 {
		err = &cfapi.Error{
			Op: fmt.Sprintf("list bundle %q", r.String()), Kind: cfapi.ErrNotFound, API: cfapi.APIR2,
			Err: fmt.Errorf("no object's key begins with %q", r.Key),
		}
	}
	return all, err
}

// listObjects lists every object below prefix, without the empty objects that
// some tools make to stand for a directory.
func listObjects(ctx context.Context, api *cfapi.Client, p cfapi.Place, prefix string) ([]cfapi.ObjectInfo, error) {
	var all []cfapi.ObjectInfo
	for cursor := ""; ; {
		page, next, err := api.ListObjects(ctx, p, prefix, cursor)
		if err != nil {
			return nil, err
		}
		for _, o := range page {
			if !strings.HasSuffix(o.Key, "/") {
				all = append(all, o)
			}
		}
		if cursor = next; cursor == "" {
			return all, nil
		}
	}
}

// parallelObjects is how many objects are transferred at once: enough to hide
// R2's latency, few enough that many Workers in one deployment stay polite.
const parallelObjects = 8

func (s bundleStore) download(
	ctx context.Context, r BundleReference, objects []cfapi.ObjectInfo,
) (bundle.Bundle, error) {
	b := bundle.Bundle{Files: make(map[string][]byte, len(objects)), Single: !r.isDirectory()}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelObjects)
	for _, o := range objects {
		name := strings.TrimPrefix(o.Key, r.Key)
		if b.Single {
			name = path.Base(r.Key)
		}
		if err := digest.CheckName(name); err != nil {
			return bundle.Bundle{}, fmt.Errorf("object %q: %w", o.Key, err)
		}
		group.Go(func() error {
			body, _, err := s.api.GetObject(ctx, s.place(r), o.Key, o.ETag)
			if err != nil {
				return err
			}
			defer body.Close()
			content := bytes.NewBuffer(make([]byte, 0, o.Size))
			if _, err := io.Copy(content, body); err != nil {
				return fmt.Errorf("object %q: %w", o.Key, err)
			}
			mu.Lock()
			defer mu.Unlock()
			b.Files[name] = content.Bytes()
			return nil
		})
	}
	return b, group.Wait()
}
