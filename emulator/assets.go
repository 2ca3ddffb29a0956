// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/assets"
)

// Limits of static assets: developers.cloudflare.com/workers/static-assets/ and its platform limits.
const (
	maxAsset     = 25 << 20  // bytes of a file
	maxAssets    = 100_000   // files of a version
	bucketSize   = 50        // files that a client is asked to send in one request
	assetSession = time.Hour // validity of a session's token
)

// asset is a static file of an account.
type asset struct {
	ContentType string `json:"contentType"`
	Digest      string `json:"digest"` // hex SHA-256 of Content
	Content     []byte `json:"-"`
}

// assetRef is an entry of a manifest: a file by the hash that the client chose for it.
type assetRef struct {
	Hash string `json:"hash"`
	Size int64  `json:"size"`
}

// assetsMetadata is the part of an upload's metadata about static assets.
type assetsMetadata struct {
	JWT    string          `json:"jwt"`
	Config json.RawMessage `json:"config"`
}

// assetClaims are what a session's token says.
type assetClaims struct {
	Account  string              `json:"account"`
	Script   string              `json:"script"`
	Manifest map[string]assetRef `json:"manifest"`
	Complete bool                `json:"complete"` // the token may be used in an upload's metadata
	Expires  int64               `json:"exp"`
}

// startAssets answers POST …/scripts/{script}/assets-upload-session: the client says which files it has and learns
// which of them are new here (developers.cloudflare.com/workers/static-assets/direct-upload).
func startAssets(c *call) (any, error) {
	var sent struct {
		Manifest map[string]assetRef `json:"manifest"`
	}
	if err := c.decode(&sent, 10026); err != nil {
		return nil, err
	}
	if len(sent.Manifest) > maxAssets {
		return nil, invalid("more than %d assets", maxAssets)
	}
	var missing []string
	for path, ref := range sent.Manifest {
		switch {
		case !strings.HasPrefix(path, "/"):
			return nil, invalid("asset path %q must begin with /", path)
		case !isID(ref.Hash):
			return nil, invalid("asset hash %q must be 32 hex digits", ref.Hash)
		case ref.Size > maxAsset:
			return nil, invalid("asset %q is larger than %d bytes", path, maxAsset)
		}
		if c.account.Assets[ref.Hash] == nil {
			missing = append(missing, ref.Hash)
		}
	}
	slices.Sort(missing)
	missing = slices.Compact(missing)
	claims := assetClaims{
		Account: c.account.ID, Script: c.path("script"), Manifest: sent.Manifest, Complete: len(missing) == 0,
		Expires: c.clock().Add(assetSession).Unix(),
	}
	buckets := slices.Collect(slices.Chunk(missing, bucketSize))
	if buckets == nil {
		buckets = [][]string{}
	}
	return map[string]any{"jwt": c.sign(claims), "buckets": buckets}, nil
}

// uploadAssets answers POST /accounts/{account}/workers/assets/upload?base64=true: a form whose fields are named by
// hash and hold the files in base64. The answer to the request that completes the manifest is 201 with the token for
// the metadata (developers.cloudflare.com/workers/static-assets/direct-upload).
func uploadAssets(c *call) (any, error) {
	claims, err := c.verify(strings.TrimPrefix(c.r.Header.Get("Authorization"), "Bearer "))
	if err != nil {
		return nil, err
	}
	if claims.Account != c.account.ID {
		return nil, refuse(http.StatusForbidden, 10000, "Authentication error")
	}
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, refuse(http.StatusUnsupportedMediaType, 10001, "Content-Type must be multipart/form-data")
	}
	if c.query("base64") != "true" {
		return nil, invalid("assets must be sent with base64=true")
	}
	parts, err := readParts(c.body, params["boundary"])
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, ref := range claims.Manifest {
		wanted[ref.Hash] = true
	}
	for _, part := range parts {
		if !wanted[part.Name] {
			return nil, invalid("asset %q is not in the session's manifest", part.Name)
		}
		data, err := base64.StdEncoding.DecodeString(string(part.Content))
		if err != nil {
			return nil, invalid("asset %q is not base64", part.Name)
		}
		c.account.Assets[part.Name] = &asset{ContentType: part.ContentType, Content: data, Digest: digestOf(data)}
	}
	for hash := range wanted {
		if c.account.Assets[hash] == nil {
			return answered{status: http.StatusAccepted, result: map[string]any{}}, nil
		}
	}
	claims.Complete = true
	return answered{status: http.StatusCreated, result: map[string]any{"jwt": c.sign(claims)}}, nil
}

// attachAssets gives a new version its assets: those of the metadata's token, or those of the version before with
// keep_assets, which is "used in lieu of providing a completion token" (cloudflare-go
// workers.ScriptUpdateParamsMetadata.KeepAssets). That a configuration beside it replaces the one before, and that none
// keeps it, is a best guess.
func (c *call) attachAssets(w *worker, v *version, m metadata) error {
	sent := m.Assets
	if sent == nil {
		sent = &assetsMetadata{}
	}
	switch {
	case sent.JWT != "":
		claims, err := c.verify(sent.JWT)
		if err != nil {
			return err
		}
		if !claims.Complete {
			return invalid("the asset upload session is not complete")
		}
		v.AssetsManifest, v.AssetsConfig = claims.Manifest, json.RawMessage("{}")
	case m.KeepAssets && w != nil && w.latest() != nil:
		v.AssetsManifest, v.AssetsConfig = w.latest().AssetsManifest, w.latest().AssetsConfig
	}
	if !v.hasAssets() {
		if v.assetsOnly() {
			return invalid("either main_module or body_part must be set in metadata")
		}
		return nil
	}
	if config := string(sent.Config); config != "" && config != "null" {
		v.AssetsConfig = sent.Config
	}
	if _, err := siteOf(c.account, v); err != nil {
		return invalid("%v", err)
	}
	return nil
}

// hasAssets tells whether the version has static assets.
func (v *version) hasAssets() bool { return v.AssetsConfig != nil }

// assetsOnly tells whether the version has no code.
func (v *version) assetsOnly() bool { return v.MainModule == "" && v.BodyPart == "" }

// siteOf prepares what serves the version's assets.
func siteOf(a *account, v *version) (*assets.Site, error) {
	served := assets.Version{
		CompatibilityDate: v.CompatibilityDate, CompatibilityFlags: v.CompatibilityFlags, Worker: !v.assetsOnly(),
		Files: map[string]string{},
	}
	if err := json.Unmarshal(v.AssetsConfig, &served.Config); err != nil {
		return nil, fmt.Errorf("assets.config: %w", err)
	}
	content := map[string]*asset{}
	for path, ref := range v.AssetsManifest {
		served.Files[path], content[ref.Hash] = ref.Hash, a.Assets[ref.Hash]
	}
	served.Open = func(etag string) (string, []byte, bool) {
		file := content[etag]
		if file == nil {
			return "", nil, false
		}
		if file.ContentType == noContentType {
			return "", file.Content, true
		}
		return file.ContentType, file.Content, true
	}
	return assets.New(served)
}

// noContentType is what clients send for a file that is to be served without a content type (workers-sdk,
// packages/deploy-helpers/src/deploy/helpers/assets.ts).
const noContentType = "application/null"

// serveAssets is the backend of the runtime for static assets.
func (s *Server) serveAssets(accountID, name, versionID string, binding bool) http.Handler {
	s.mu.Lock()
	defer s.mu.Unlock()
	var v *version
	a := s.state.Accounts[accountID]
	if a != nil && a.Workers[name] != nil {
		v = a.Workers[name].version(versionID)
	}
	if v == nil || !v.hasAssets() {
		return http.NotFoundHandler() // deleted while it still runs
	}
	if v.site == nil {
		site, err := siteOf(a, v)
		if err != nil {
			return http.NotFoundHandler() // refused when it was uploaded
		}
		v.site = site
	}
	if binding {
		return v.site
	}
	return v.site.Router()
}

// sign returns the claims as a JSON Web Token of this server.
func (s *Server) sign(claims assetClaims) string {
	payload, err := json.Marshal(claims)
	if err != nil { // strings and numbers only: cannot happen
		return ""
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." +
		base64.RawURLEncoding.EncodeToString(payload)
	return text + "." + base64.RawURLEncoding.EncodeToString(s.mac(text))
}

func (s *Server) mac(text string) []byte {
	mac := hmac.New(sha256.New, []byte("assets "+s.token()))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// verify returns the claims of a token that sign made and that is still valid.
func (c *call) verify(token string) (claims assetClaims, err error) {
	denied := refuse(http.StatusUnauthorized, 10000, "Authentication error")
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims, denied
	}
	mac, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !hmac.Equal(mac, c.mac(parts[0]+"."+parts[1])) {
		return claims, denied
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Expires < c.clock().Unix() {
		return claims, denied
	}
	return claims, nil
}
