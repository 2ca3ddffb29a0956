// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"math"
	"strconv"
	"sync"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
)

// archiveOf is the archive, or nil if there is none or it is not known yet. infer takes an archive that is not known
// for a wrong one, unless it may be an asset as well; the schema says that it may not (withFilledIn).
func archiveOf(a *types.AssetOrArchive) *resource.Archive {
	if a == nil {
		return nil
	}
	return a.Archive
}

func (b WorkerBundleArgs) archive() *resource.Archive { return archiveOf(b.Archive) }

// archives are those that one operation has checked, by the digest of their files. The inputs of a bundle, and with
// them the state, have in the place of an archive one that is empty but for that digest, as the engine has it when it
// need not tell a provider what is in an archive.
type archives struct {
	mu      sync.Mutex
	checked map[string]*resource.Archive
}

// keep returns what stands for the archive of args in the inputs.
func (a *archives) keep(args WorkerBundleArgs) *types.AssetOrArchive {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.checked == nil {
		a.checked = map[string]*resource.Archive{}
	}
	if given := args.archive(); given.Hash != args.SHA256 { // else it is one that was returned
		a.checked[args.SHA256] = given
	}
	return &types.AssetOrArchive{Archive: &resource.Archive{
		Sig: archive.ArchiveSig, Assets: map[string]any{}, Hash: args.SHA256,
	}}
}

// isKept reports whether an archive is one that stands for that of the old inputs.
func isKept(a *resource.Archive, olds property.Map) bool {
	was := olds.Get("sha256")
	return a.Path == "" && a.URI == "" && len(a.Assets) == 0 && was.IsString() && was.AsString() == a.Hash
}

var errArchiveGone = errors.New("archive: its files are no longer there: give the archive again")

// content is what is to be stored.
func (b WorkerBundleArgs) content(ctx context.Context) (bundle.Bundle, error) {
	if b.archive() == nil {
		return readBundle(b.Path)
	}
	all := infer.GetConfig[Config](ctx).archives
	all.mu.Lock()
	checked := all.checked[b.SHA256]
	all.mu.Unlock()
	if checked == nil {
		return bundle.Bundle{}, errArchiveGone
	}
	return readArchive(ctx, checked)
}

// what calls the content for errors.
func (b WorkerBundleArgs) what() string {
	if b.archive() != nil {
		return "the archive"
	}
	return "path " + strconv.Quote(b.Path)
}

// readArchive reads an archive as if it was a directory.
func readArchive(ctx context.Context, a *resource.Archive) (bundle.Bundle, error) {
	source, err := openArchive(ctx, a, math.MaxInt64-1) // what Cloudflare takes is for it to say
	if err != nil {
		return bundle.Bundle{}, err
	}
	defer source.close()
	return readFiles(source.fsys, source.what)
}

// bundleSource returns the one input that says where the content comes from, or nothing if that is not clear.
func (c *checker) bundleSource(args WorkerBundleArgs) string {
	path, archive := args.Path != "", args.archive() != nil
	switch {
	case args.Archive != nil && args.Archive.Asset != nil:
		c.fail(true, []string{"archive"}, "must be an archive: put the asset into one, under the name of the module")
	case path && archive:
		c.fail(true, []string{"archive"}, "give the build output as path or as archive, not both")
	case computed(c.inputs, "path"), computed(c.inputs, "archive"):
	case archive:
		return "archive"
	case path:
		return "path"
	default:
		c.fail(true, []string{"path"}, "give the build output as path or as archive")
	}
	return ""
}
