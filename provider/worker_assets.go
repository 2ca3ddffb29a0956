// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/assets"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

var _ infer.Annotated = (*WorkerAssets)(nil)

// WorkerAssets are the static assets of a Worker.
type WorkerAssets struct {
	Directory           string                `pulumi:"directory,optional"`
	Archive             *types.AssetOrArchive `pulumi:"archive,optional"` // see archiveOf
	Bucket              string                `pulumi:"bucket,optional"`
	Prefix              string                `pulumi:"prefix,optional"`
	Jurisdiction        string                `pulumi:"jurisdiction,optional"`
	HTMLHandling        string                `pulumi:"htmlHandling,optional"`
	NotFoundHandling    string                `pulumi:"notFoundHandling,optional"`
	BasePath            string                `pulumi:"basePath,optional"`
	RunWorkerFirst      bool                  `pulumi:"runWorkerFirst,optional"`
	RunWorkerFirstRules []string              `pulumi:"runWorkerFirstRules,optional"`
	SHA256              string                `pulumi:"sha256,optional"`
}

func (w WorkerAssets) archive() *resource.Archive { return archiveOf(w.Archive) }

// Annotate describes the assets.
func (w *WorkerAssets) Annotate(a infer.Annotator) {
	a.Describe(&w, "Files that Cloudflare serves without running the Worker. They come from one of `directory`, "+
		"`archive` and `bucket`.")
	a.Describe(&w.Directory, "The directory with the files, relative to the program, such as `./public`. `.assetsignore` "+
		"in it names, as a `.gitignore` does, what is not served; `_headers` and `_redirects` say how the rest is. A file "+
		"has at most 25 MiB; there are at most 20 000 files on the free plan, 100 000 on the paid one. Symbolic links "+
		"are refused.")
	a.Describe(&w.Archive, "The files as an archive of Pulumi's: a directory, a .zip, .tar, .tar.gz or .tgz, or a map of "+
		"assets, whose texts the state keeps. It means what `directory` does.")
	a.Describe(&w.Bucket, "Name of the R2 bucket that has the files. Each object is a file, called by its key without "+
		"`prefix`; the objects mean what the files of `directory` do. For a preview R2 is asked only for a list, and for "+
		"the SHA-256 of objects that this machine has not seen; an object that was stored without one is downloaded once.")
	a.Describe(&w.Prefix, "What the objects' keys begin with, such as `site/v1/`. Default: all objects of the bucket.")
	a.Describe(&w.Jurisdiction, "Jurisdiction of the bucket: `eu` or `fedramp`. Default: none.")
	a.Describe(&w.HTMLHandling, "Which addresses HTML files have: `auto-trailing-slash`, `force-trailing-slash`, "+
		"`drop-trailing-slash` or `none`. Default: `auto-trailing-slash`.")
	a.Describe(&w.NotFoundHandling, "What answers an address without a file, if not the Worker: `none`, `404-page` (the "+
		"nearest `404.html`) or `single-page-application` (`/index.html`). Default: `none`.")
	a.Describe(&w.BasePath, "The path below which the files are served, such as `/docs`: `guide.html` answers at "+
		"`/docs/guide`. The files, and where they are, stay as they are; what `_redirects` and `_headers` name begins with "+
		"this path. A request for anything else is the Worker's. Default: `/`.")
	a.Describe(&w.RunWorkerFirst, "Whether the Worker answers all requests, and the assets only what it asks of them "+
		"through a binding. Default: false.")
	a.Describe(&w.RunWorkerFirstRules, "Paths that the Worker answers without a look at the assets, such as `/api/*`; "+
		"those that begin with `!`, such as `!/api/docs/*`, are excepted. Not together with `runWorkerFirst`. "+
		"Default: none.")
	a.Describe(&w.SHA256, "SHA-256 of the directory, computed like that of a bundle, without what is ignored. "+
		"Default: computed from the files. Set it to refuse any other content; then a preview does not ask R2.")
}

// sameServed reports whether both serve the same files in the same way.
func sameServed(a, b *WorkerAssets) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.SHA256 == b.SHA256 && sameConfig(*a, *b)
}

func sameConfig(a, b WorkerAssets) bool {
	return a.HTMLHandling == b.HTMLHandling && a.NotFoundHandling == b.NotFoundHandling &&
		canonicalBase(a) == canonicalBase(b) &&
		a.RunWorkerFirst == b.RunWorkerFirst && slices.Equal(a.RunWorkerFirstRules, b.RunWorkerFirstRules)
}

// Limits of runWorkerFirstRules: workers-sdk, packages/workers-shared/utils/configuration/constants.ts.
const (
	maxFirstRules = 100
	maxFirstRule  = 100 // characters
)

// assets checks what can be told of the assets without their files.
func (c *checker) assets(args CloudflareWorkerArgs) {
	path := func(member string) []string { return []string{"assets", member} }
	w := args.Assets
	if w == nil {
		for name, b := range args.Bindings {
			c.fail(b.Assets != nil, []string{"bindings", name}, "binds static assets, and there are none: set assets")
		}
		return
	}
	c.assetSource(*w)
	c.basePath(*w)
	c.fail(!slices.Contains([]string{"", "auto-trailing-slash", "force-trailing-slash", "drop-trailing-slash", "none"},
		w.HTMLHandling), path("htmlHandling"), "%q is not one of auto-trailing-slash, force-trailing-slash, "+
		"drop-trailing-slash, none", w.HTMLHandling)
	c.fail(!slices.Contains([]string{"", "none", "404-page", "single-page-application"}, w.NotFoundHandling),
		path("notFoundHandling"), "%q is not one of none, 404-page, single-page-application", w.NotFoundHandling)
	rules := path("runWorkerFirstRules")
	c.fail(w.RunWorkerFirst && len(w.RunWorkerFirstRules) > 0, rules, "say nothing beside runWorkerFirst: leave out one")
	c.fail(len(w.RunWorkerFirstRules) > maxFirstRules, rules, "there are %d rules; Cloudflare allows %d",
		len(w.RunWorkerFirstRules), maxFirstRules)
	positive := 0
	for i, rule := range w.RunWorkerFirstRules {
		c.fail(!strings.HasPrefix(strings.TrimPrefix(rule, "!"), "/"), rules, "%q does not begin with \"/\" or \"!/\"", rule)
		c.fail(len(strings.TrimPrefix(rule, "!")) > maxFirstRule, rules, "%q has more than %d characters", rule, maxFirstRule)
		c.fail(slices.Index(w.RunWorkerFirstRules, rule) < i, rules, "%q is there twice", rule)
		if !strings.HasPrefix(rule, "!") {
			positive++
		}
	}
	c.fail(len(w.RunWorkerFirstRules) > 0 && positive == 0, rules, "there are only exceptions: add what they except from")
}

// resolveAssets fills in the digest of the assets, so that a changed file is a difference.
func resolveAssets(ctx context.Context, args *CloudflareWorkerArgs, inputs property.Map) ([]p.CheckFailure, error) {
	if args.Assets == nil {
		return nil, nil
	}
	for _, member := range []string{"directory", "archive", "bucket", "prefix", "jurisdiction", "sha256"} {
		if computed(inputs, "assets", member) || args.Assets.Bucket != "" && computed(inputs, "accountId") {
			return nil, nil
		}
	}
	c := &checker{inputs: inputs}
	if args.Assets.Bucket != "" && args.Assets.SHA256 != "" { // what is uploaded is verified: a pin costs no request
		d, err := digest.Parse(args.Assets.SHA256)
		if err != nil {
			c.fail(true, []string{"assets", "sha256"}, "%v", err)
			return c.failures, nil
		}
		pinned := *args.Assets
		pinned.SHA256 = d.String()
		args.Assets = &pinned
		return nil, nil
	}
	store := bundleStore{api: api(ctx), cache: cache(ctx), account: args.AccountID}
	from := []string{"assets", args.Assets.source()}
	local, err := readAssets(ctx, store, *args.Assets)
	var remote *cfapi.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return nil, err
	case errors.As(err, &remote) && !errors.Is(err, cfapi.ErrNotFound):
		return nil, err
	case err != nil:
		c.fail(true, from, "%v", explain(err))
		return c.failures, nil
	}
	if base := strandedBase(*args, inputs); base != "" {
		p.GetLogger(ctx).Warningf("assets.basePath: no address of the Worker leads to %s: add a route that matches it, or "+
			"enable workersDev", base)
	}
	if n := len(local.Files); n > assets.FreeFiles {
		p.GetLogger(ctx).Warningf("assets: there are %d files; Cloudflare's free plan allows %d", n, assets.FreeFiles)
	}
	got, want := local.Digest(), args.Assets.SHA256
	if want != "" && strings.TrimPrefix(want, "sha256:") != got.String() {
		c.fail(true, []string{"assets", "sha256"}, "the files have the SHA-256 %s, not %s as declared", got, want)
		return c.failures, nil
	}
	resolved := *args.Assets
	resolved.SHA256 = got.String()
	args.Assets = &resolved
	keepListing(ctx, local)
	return nil, nil
}

// readAssets tells which files there are.
func readAssets(ctx context.Context, store bundleStore, w WorkerAssets) (assets.Tree, error) {
	source, err := openAssets(ctx, store, w)
	if err != nil {
		return assets.Tree{}, err
	}
	defer source.close()
	return source.tree(ctx)
}

// source is the input that says where the files are.
func (w WorkerAssets) source() string {
	switch {
	case w.archive() != nil:
		return "archive"
	case w.Bucket != "":
		return "bucket"
	}
	return "directory"
}

// assetSource checks that the files come from one place.
func (c *checker) assetSource(w WorkerAssets) {
	path := func(member string) []string { return []string{"assets", member} }
	c.fail(w.Archive != nil && w.Archive.Asset != nil, path("archive"), "must be an archive: put the asset into "+
		"one, under the name of the file")
	given := []string{}
	for member, is := range map[string]bool{
		"directory": w.Directory != "", "archive": w.archive() != nil, "bucket": w.Bucket != "",
	} {
		if is || computed(c.inputs, "assets", member) {
			given = append(given, member)
		}
	}
	slices.Sort(given)
	switch len(given) {
	case 0:
		c.fail(true, []string{"assets"}, "says not where the files are: set directory, archive or bucket")
	case 1:
	default:
		c.fail(true, []string{"assets"}, "the files come from one place: set one of %s", strings.Join(given, ", "))
	}
	stored := slices.Contains(given, "bucket")
	c.fail(w.Prefix != "" && !stored, path("prefix"), "is of objects in R2: set bucket")
	c.fail(w.Jurisdiction != "" && !stored, path("jurisdiction"), "is of a bucket: set bucket")
	c.fail(stored && w.Prefix != "" && (!strings.HasSuffix(w.Prefix, "/") || w.Prefix[0] == '/'), path("prefix"),
		"%q must end in \"/\" and not begin with it", w.Prefix)
}

// keepListing keeps in the machine's cache which files a tree has, under the tree's digest.
func keepListing(ctx context.Context, t assets.Tree) {
	cache(ctx).Store(t.Digest(), bundle.Bundle{Files: map[string][]byte{listingName: t.Lines()}, Single: true})
}

const listingName = "listing"

// listing returns which files the tree with a digest has, if this machine has seen it.
func listing(ctx context.Context, sha256 string) (assets.Listing, bool) {
	d, err := digest.Parse(sha256)
	if err != nil {
		return nil, false
	}
	none := errors.New("not seen")
	b, err := cache(ctx).Bundle(ctx, d, listingName, func(context.Context) (bundle.Bundle, error) {
		return bundle.Bundle{}, none
	})
	if err != nil {
		return nil, false
	}
	return assets.ParseListing(b.Files[listingName]), true
}

// logAssetChanges says which files a deployment changes, as far as this machine knows.
func logAssetChanges(ctx context.Context, seen, want *WorkerAssets) {
	if want == nil || seen != nil && seen.SHA256 == want.SHA256 {
		return
	}
	is, known := listing(ctx, want.SHA256)
	if !known {
		return
	}
	was := assets.Listing{}
	if seen != nil {
		if was, known = listing(ctx, seen.SHA256); !known {
			p.GetLogger(ctx).Infof("assets: %d files", len(is))
			return
		}
	}
	added, changed, gone := assets.Compare(was, is)
	texts := []string{counted("new", added), counted("changed", changed), counted("gone", gone)}
	texts = slices.DeleteFunc(texts, func(text string) bool { return text == "" })
	if len(texts) > 0 { // else only settings differ, or what is no file, such as _headers
		p.GetLogger(ctx).Info("assets: " + strings.Join(texts, ", "))
	}
}

// namedFiles is how many files are named in a message.
const namedFiles = 5

// counted counts files and names the first ones. Of none it says nothing.
func counted(what string, files []string) string {
	if len(files) == 0 {
		return ""
	}
	text := fmt.Sprintf("%d %s (", len(files), what) + strings.Join(files[:min(namedFiles, len(files))], ", ")
	if len(files) > namedFiles {
		text += ", …"
	}
	return text + ")"
}

// attachAssets completes an upload by the wanted assets. Files that the latest version has from here are kept; of
// others those are sent that Cloudflare does not have.
func (d deployer) attachAssets(ctx context.Context, seen CloudflareWorkerState, up *cfapi.Upload) error {
	want := d.want.Assets
	if want == nil {
		return nil
	}
	source, err := openAssets(ctx, bundleStore{api: d.api, cache: d.cache, account: d.account}, *want)
	if err != nil {
		return fmt.Errorf("assets.%s: %w", want.source(), err)
	}
	defer source.close()
	local, err := source.tree(ctx)
	if err != nil {
		return fmt.Errorf("assets.%s: %w", want.source(), err)
	}
	*d.assets = local
	if got := local.Digest().String(); got != want.SHA256 { // it changed since Check
		return fmt.Errorf("assets.%s: the SHA-256 of the files is %s, not %s: if they have changed meanwhile, deploy once "+
			"more", want.source(), got, want.SHA256)
	}
	up.Assets = &cfapi.Assets{Config: cfapi.AssetsConfig{
		HTMLHandling: want.HTMLHandling, NotFoundHandling: want.NotFoundHandling, BasePath: want.BasePath,
		Redirects: local.Redirects, Headers: local.Headers,
	}}
	switch {
	case len(want.RunWorkerFirstRules) > 0:
		up.Assets.Config.RunWorkerFirst = want.RunWorkerFirstRules
	case want.RunWorkerFirst:
		up.Assets.Config.RunWorkerFirst = true
	}
	// Wrangler keeps no files in an upload without code, so whether that is possible is not known.
	if !d.want.assetsOnly() && seen.VersionID != "" && seen.AssetCount > 0 && seen.Assets != nil &&
		seen.Assets.SHA256 == want.SHA256 {
		up.KeepAssets = true
		return nil
	}
	up.Assets.JWT, err = d.sendAssets(ctx, source, local)
	return err
}

// parallelBuckets is how many groups of files are sent at once, as wrangler does: a group may have 50 MiB, of which one
// file at a time is in memory.
const parallelBuckets = 3

var errAssetsIncomplete = errors.New("assets: Cloudflare asks for the same files again after their upload")

// sendAssets uploads the files that Cloudflare does not have, and returns the token that stands for all. An upload that
// broke off before is continued.
func (d deployer) sendAssets(
	ctx context.Context, source assetSource, local assets.Tree,
) (jwt string, err error) {
	manifest := make(map[string]cfapi.AssetEntry, len(local.Files))
	names := make(map[string]string, len(local.Files)) // by hash
	for name, f := range local.Files {
		manifest["/"+name], names[f.Hash] = cfapi.AssetEntry{Hash: f.Hash, Size: f.Size}, name
	}
	for range 2 { // the second time only if no answer had the token
		session, err := d.api.StartAssetUpload(ctx, d.account, d.script, manifest)
		if err != nil {
			return "", err
		}
		if len(session.Buckets) == 0 {
			return session.JWT, nil
		}
		if jwt, err = d.sendBuckets(ctx, source, local, names, session); err != nil || jwt != "" {
			return jwt, err
		}
	}
	return "", errAssetsIncomplete
}

// sendBuckets uploads the files of a session.
func (d deployer) sendBuckets(
	ctx context.Context, source assetSource, local assets.Tree, names map[string]string, session cfapi.AssetSession,
) (jwt string, err error) {
	total := 0
	for _, bucket := range session.Buckets {
		total += len(bucket)
	}
	progress := func(sent int) {
		p.GetLogger(ctx).InfoStatusf("upload assets: %d of %d files sent, %d were there", sent, total, len(names)-total)
	}
	progress(0)
	var mu sync.Mutex
	sent := 0
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(parallelBuckets)
	for _, bucket := range session.Buckets {
		files := make([]cfapi.AssetFile, 0, len(bucket))
		for _, hash := range bucket {
			name, known := names[hash]
			if !known {
				return "", fmt.Errorf("assets: Cloudflare asks for %q, which is the hash of no file", hash)
			}
			files = append(files, cfapi.AssetFile{
				Hash: hash, Size: local.Files[name].Size, ContentType: assets.ContentType(path.Base(name)),
				Content: func() ([]byte, error) { return source.content(groupCtx, local, name) },
			})
		}
		group.Go(func() error {
			if err := groupCtx.Err(); err != nil {
				return err
			}
			completion, err := d.api.UploadAssets(groupCtx, d.account, session.JWT, files)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if completion != "" {
				jwt = completion
			}
			sent += len(files)
			progress(sent)
			return nil
		})
	}
	err = group.Wait()
	return jwt, err
}

// recordAssets notes which assets a version has that was just made.
func (d deployer) recordAssets(facts *CloudflareWorkerState) {
	facts.Assets, facts.AssetCount, facts.AssetSize = d.want.Assets, len(d.assets.Files), int(d.assets.Size())
}

// seeAssets records what is known of the assets of a version that was not deployed from this state. Cloudflare does not
// say which a version has; its note does, but anybody can write one: so its count is left open, and they are not kept
// without a question at the next upload. A version that a change of secrets derived has those of the one before.
func (s *CloudflareWorkerState) seeAssets(v cfapi.Version, note bundleNote, noted bool) {
	if s.Assets == nil || noted && note.Assets == s.Assets.SHA256 && v.TriggeredBy == triggeredBySecret {
		return
	}
	seen := *s.Assets
	seen.SHA256 = describeVersion(v)
	if noted && note.Assets != "" {
		seen.SHA256 = note.Assets
	}
	s.Assets, s.AssetCount, s.AssetSize = &seen, 0, 0
}
