// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/assets"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

// assetsFact is the kind of fact under which the digests of the objects below a prefix are kept.
const assetsFact = "asset-digests"

// place says which objects are meant, also if the program talks to several Cloudflares.
func (s *storedAssets) place() string {
	return strings.Join([]string{s.store.api.R2Endpoint, s.store.account, s.at.Jurisdiction, s.at.Bucket, s.at.Key}, "\n")
}

// identity tells contents apart, as far as a listing tells them.
func identity(o cfapi.ObjectInfo) string { return fmt.Sprintf("%s %d %s", o.ETag, o.Size, o.Key) }

// known are the digests that this machine has seen, by identity.
func (s *storedAssets) known() map[string]digest.Digest {
	digests := map[string]digest.Digest{}
	text, _ := s.store.cache.Fact(assetsFact, s.place()) // without it, R2 is asked
	for line := range strings.Lines(text) {
		sum, object, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if d, err := digest.Parse(sum); err == nil {
			digests[object] = d
		}
	}
	return digests
}

// remember keeps the digests of the objects that there are now.
func (s *storedAssets) remember(digests map[string]digest.Digest) {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.objects)) {
		if object := identity(s.objects[name]); !digests[object].IsZero() {
			text.WriteString(digests[object].String() + " " + object + "\n")
		}
	}
	if old, there := s.store.cache.Fact(assetsFact, s.place()); !there || old != text.String() {
		s.store.cache.SetFact(assetsFact, s.place(), text.String())
	}
}

// sum adds the digests of the objects called names, but of none that is too large to be an asset.
func (s *storedAssets) sum(ctx context.Context, names []string, known map[string]digest.Digest) error {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelObjects)
	for _, name := range names {
		o := s.objects[name]
		if !known[identity(o)].IsZero() || o.Size > assets.MaxSize {
			continue
		}
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			d, err := s.digest(ctx, o)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			known[identity(o)] = d
			return nil
		})
	}
	return group.Wait()
}

// digest asks R2 for an object's SHA-256, and computes it if R2 has none.
func (s *storedAssets) digest(ctx context.Context, o cfapi.ObjectInfo) (digest.Digest, error) {
	head, err := s.store.api.HeadObject(ctx, s.store.place(s.at), o.Key)
	switch {
	case err != nil:
		return digest.Digest{}, err
	case head.ETag != o.ETag:
		return digest.Digest{}, fmt.Errorf("object %q has changed while it was read: try again", o.Key)
	case head.SHA256 != "":
		return digest.Parse(head.SHA256)
	}
	body, _, err := s.store.api.GetObject(ctx, s.store.place(s.at), o.Key, o.ETag)
	if err != nil {
		return digest.Digest{}, err
	}
	defer body.Close()
	d, _, err := digest.OfReader(body)
	return d, err
}
