// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
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

// assetsOf returns the manifest of a new version: that of the metadata's token, or the one before with keep_assets.
func (c *call) assetsOf(w *worker, m metadata) (map[string]assetRef, error) {
	if m.Assets == nil || m.Assets.JWT == "" {
		if m.KeepAssets && w != nil && w.latest() != nil {
			return w.latest().AssetsManifest, nil
		}
		return nil, nil
	}
	claims, err := c.verify(m.Assets.JWT)
	if err != nil {
		return nil, err
	}
	if !claims.Complete {
		return nil, invalid("the asset upload session is not complete")
	}
	return claims.Manifest, nil
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
