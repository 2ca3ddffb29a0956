// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/secretref"
)

var (
	_ infer.Annotated       = (*Config)(nil)
	_ infer.CustomConfigure = (*Config)(nil)
)

// Config is the provider's configuration. What it leaves empty is read from
// the environment when the provider is configured, and so never enters a state.
type Config struct {
	AccountID         string `pulumi:"accountId,optional"`
	APIToken          string `pulumi:"apiToken,optional"          provider:"secret"`
	Endpoint          string `pulumi:"endpoint,optional"`
	R2Endpoint        string `pulumi:"r2Endpoint,optional"`
	R2AccessKeyID     string `pulumi:"r2AccessKeyId,optional"`
	R2SecretAccessKey string `pulumi:"r2SecretAccessKey,optional" provider:"secret"`
	WorkersEndpoint   string `pulumi:"workersEndpoint,optional"`
	MaxRetries        *int   `pulumi:"maxRetries,optional"`
	CacheDir          string `pulumi:"cacheDir,optional"`

	SecretsGroups map[string]SecretsGroup `pulumi:"secretsGroups,optional"`

	api    *cfapi.Client
	cache  *bundle.Cache
	edge   *edge
	builds *builds

	archives *archives
}

// SecretsGroup says where the values of a group of secrets lie. Exactly one member is set.
type SecretsGroup struct {
	Directory string   `pulumi:"directory,optional"`
	EnvPrefix string   `pulumi:"envPrefix,optional"`
	Command   []string `pulumi:"command,optional"`
}

// Annotate describes the group.
func (g *SecretsGroup) Annotate(a infer.Annotator) {
	a.Describe(&g, "Where the values of a group of secrets lie. Set exactly one member.")
	a.Describe(&g.Directory, "A directory with a file for each value, as Kubernetes mounts secrets. One line ending at "+
		"the end of a file is left out. For the group `*`, a directory of such directories.")
	a.Describe(&g.EnvPrefix, "How the names of environment variables begin that hold the values. The rest is the "+
		"secret's name in upper case, with `_` for everything but letters and digits; for the group `*`, the group's "+
		"name and `_` come before it.")
	a.Describe(&g.Command, "A program and its arguments, run as `<command> get` in the manner of git's credential "+
		"helpers: it reads the lines `group=<group>` and `name=<name>` and writes the value. It has a minute.")
}

// Annotate describes the configuration.
func (c *Config) Annotate(a infer.Annotator) {
	a.Describe(&c.AccountID, "The Cloudflare account (32 hex digits) of every resource that does not name its own. "+
		"Default: the environment variable `CLOUDFLARE_ACCOUNT_ID`.")
	a.Describe(&c.APIToken, "The API token. Needs \"Workers Scripts: Edit\", and for what the program uses also "+
		"\"Workers R2 Storage: Edit\", \"Workers KV Storage: Edit\", \"Workers Routes: Edit\" and \"DNS: Edit\". "+
		"Default: the environment variable `CLOUDFLARE_API_TOKEN`, which keeps it out of the stack's configuration.")
	a.Describe(&c.Endpoint, "Base URL of Cloudflare's API, for a proxy or a local Cloudflare, such as "+
		"`http://127.0.0.1:8787/client/v4`. Default: the environment variable `CLOUDFLARE_API_BASE_URL`, "+
		"else `https://api.cloudflare.com/client/v4`.")
	a.Describe(&c.R2Endpoint, "Base URL of R2's S3 API, in which `{account}` stands for the account id. "+
		"Default: the environment variable `R2_ENDPOINT`, else `https://{account}.r2.cloudflarestorage.com`.")
	a.Describe(&c.R2AccessKeyID, "Access key id for R2's S3 API. Default: the environment variable "+
		"`R2_ACCESS_KEY_ID`, else the id of the API token, from which Cloudflare derives R2's keys.")
	a.Describe(&c.R2SecretAccessKey, "Secret access key for R2's S3 API. Default: the environment variable "+
		"`R2_SECRET_ACCESS_KEY`, else the SHA-256 of the API token.")
	a.Describe(&c.WorkersEndpoint, "Base URL at which a local Cloudflare serves all Workers, by the `Host` header, such "+
		"as `http://127.0.0.1:8080`: where `waitForReady` asks. Default: the environment variable "+
		"`CLOUDFLARE_WORKERS_ENDPOINT`, else the Workers' own addresses; with an `endpoint` that is not Cloudflare's, "+
		"addresses are not waited for.")
	a.Describe(&c.MaxRetries, "How often a request is repeated that was throttled or failed on Cloudflare's side. "+
		"Default: 4. 0 means never.")
	a.Describe(&c.CacheDir, "Directory in which bundles are kept between runs, by their SHA-256, up to 1 GiB. "+
		"Default: the environment variable `CLOUDFLARE_WORKERS_CACHE_DIR`, else `pulumi-cloudflare-workers` in the "+
		"user's cache directory.")
	a.Describe(&c.SecretsGroups, "Where the values of references `$secrets-group/<group>/<name>` lie, by group; `*` "+
		"stands for every group that is not named. Default: none, and such a reference is an error.")
}

// Configure prepares the clients. It makes no request: a wrong token is
// reported by the first call that needs it, together with what failed.
func (c *Config) Configure(ctx context.Context) error {
	groups := map[string]secretref.Group{}
	for name, group := range c.SecretsGroups {
		groups[name] = secretref.Group(group)
		if err := groups[name].Validate(); err != nil {
			return fmt.Errorf("secretsGroups.%s: %w", name, err)
		}
	}
	vaultOf(ctx).resolve = (&secretref.Resolver{Groups: groups}).Resolve
	fromEnv := func(value *string, names ...string) {
		for _, name := range names {
			if *value == "" {
				*value = os.Getenv(name)
			}
		}
	}
	fromEnv(&c.AccountID, "CLOUDFLARE_ACCOUNT_ID", "CF_ACCOUNT_ID")
	fromEnv(&c.APIToken, "CLOUDFLARE_API_TOKEN", "CF_API_TOKEN")
	fromEnv(&c.Endpoint, "CLOUDFLARE_API_BASE_URL", "CLOUDFLARE_BASE_URL")
	fromEnv(&c.R2Endpoint, "R2_ENDPOINT")
	fromEnv(&c.R2AccessKeyID, "R2_ACCESS_KEY_ID")
	fromEnv(&c.R2SecretAccessKey, "R2_SECRET_ACCESS_KEY")
	fromEnv(&c.WorkersEndpoint, "CLOUDFLARE_WORKERS_ENDPOINT")
	fromEnv(&c.CacheDir, "CLOUDFLARE_WORKERS_CACHE_DIR")
	if c.CacheDir == "" {
		if dir, err := os.UserCacheDir(); err == nil { // else: no home, no cache
			c.CacheDir = filepath.Join(dir, "pulumi-cloudflare-workers")
		}
	}
	var err error
	if c.edge, err = newEdge(c.Endpoint, c.WorkersEndpoint); err != nil {
		return err
	}
	c.cache = &bundle.Cache{Dir: c.CacheDir}
	c.builds, c.archives = &builds{}, &archives{}
	c.api = &cfapi.Client{
		Endpoint:          c.Endpoint,
		R2Endpoint:        c.R2Endpoint,
		Token:             c.APIToken,
		R2AccessKeyID:     c.R2AccessKeyID,
		R2SecretAccessKey: c.R2SecretAccessKey,
		TokenIDs:          tokenIDs{c.cache},
		UserAgent:         "pulumi-cloudflare-workers",
		MaxRetries:        c.MaxRetries,
		Log:               func(ctx context.Context, message string) { p.GetLogger(ctx).Info(message) },
	}
	return nil
}

func api(ctx context.Context) *cfapi.Client { return infer.GetConfig[Config](ctx).api }

func cache(ctx context.Context) *bundle.Cache { return infer.GetConfig[Config](ctx).cache }

// tokenIDs remembers the public ids of tokens; the tokens themselves are
// stored only as hashes under a prefix of their own (bundle.Cache.SetFact).
type tokenIDs struct{ *bundle.Cache }

func (t tokenIDs) TokenID(token string) (string, bool) { return t.Fact("token-id", token) }

func (t tokenIDs) SetTokenID(token, id string) { t.SetFact("token-id", token, id) }
