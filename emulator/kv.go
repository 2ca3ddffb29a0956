// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Limits of KV: developers.cloudflare.com/kv/platform/limits.
const (
	maxKey      = 512      // bytes of a key
	maxMetadata = 1024     // bytes of a key's metadata
	maxValue    = 25 << 20 // bytes of a value
	maxBulk     = 10_000   // keys in one bulk request
	minTTL      = 60       // seconds
)

// namespace is a KV namespace, in the shape of the API (cloudflare-go kv.Namespace).
type namespace struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Encoded bool   `json:"supports_url_encoding"`
}

// listNamespaces answers GET /accounts/{account}/storage/kv/namespaces (cloudflare-go kv.NamespaceListParams).
func listNamespaces(c *call) (any, error) {
	all := sorted(c.account.Namespaces)
	slices.SortStableFunc(all, func(a, b *namespace) int {
		order := strings.Compare(a.ID, b.ID)
		if c.query("order") == "title" {
			order = strings.Compare(a.Title, b.Title)
		}
		if c.query("direction") == "desc" {
			return -order
		}
		return order
	})
	return paged(c.r, all, 20), nil
}

// namespace returns the namespace that the path names. In the KV API code 10013 does mean "not found": workers-sdk,
// packages/miniflare/src/workers/local-explorer/resources/kv.ts, and alchemy-run/distilled,
// patches/kv/getNamespace.json.
func (c *call) namespace() (*namespace, error) {
	if ns := c.account.Namespaces[c.path("namespace")]; ns != nil {
		return ns, nil
	}
	return nil, refuse(http.StatusNotFound, 10013, "namespace not found")
}

// getNamespace answers GET /accounts/{account}/storage/kv/namespaces/{namespace}.
func getNamespace(c *call) (any, error) { return c.namespace() }

// createNamespace answers POST /accounts/{account}/storage/kv/namespaces.
func createNamespace(c *call) (any, error) {
	ns := &namespace{ID: newID(), Encoded: true}
	if err := c.title(ns); err != nil {
		return nil, err
	}
	c.account.Namespaces[ns.ID] = ns
	return ns, nil
}

// renameNamespace answers PUT /accounts/{account}/storage/kv/namespaces/{namespace}.
func renameNamespace(c *call) (any, error) {
	ns, err := c.namespace()
	if err != nil {
		return nil, err
	}
	return ns, c.title(ns)
}

// title gives the namespace the title in the body. Codes 10019 and 10014: alchemy-run/distilled,
// patches/kv/createNamespace.json; the text of 10014: workers-sdk issue 13242.
func (c *call) title(ns *namespace) error {
	var want struct {
		Title string `json:"title"`
	}
	if err := c.decode(&want, 10012); err != nil {
		return err
	}
	if want.Title == "" || len(want.Title) > maxKey {
		return refuse(http.StatusBadRequest, 10019, "namespace title must be between 1 and 512 bytes")
	}
	for _, other := range c.account.Namespaces {
		if other.Title == want.Title && other.ID != ns.ID {
			return refuse(http.StatusBadRequest, 10014, "a namespace with this account ID and title already exists")
		}
	}
	ns.Title = want.Title
	return nil
}

// deleteNamespace answers DELETE /accounts/{account}/storage/kv/namespaces/{namespace}.
func deleteNamespace(c *call) (any, error) {
	ns, err := c.namespace()
	if err != nil {
		return nil, err
	}
	if err := c.kv.drop(c.account.ID, ns.ID); err != nil {
		return nil, err
	}
	delete(c.account.Namespaces, ns.ID)
	return nil, nil
}

// keyView is an entry of a list of keys (cloudflare-go kv.Key).
type keyView struct {
	Name       string          `json:"name"`
	Expiration int64           `json:"expiration,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
}

// listKeys answers GET …/namespaces/{namespace}/keys, in pages by cursor (cloudflare-go kv.NamespaceKeyListParams).
func listKeys(c *call) (any, error) {
	ns, err := c.namespace()
	if err != nil {
		return nil, err
	}
	limit := 1000
	if text := c.query("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 10 || n > 1000 {
			return nil, refuse(http.StatusBadRequest, 10012, "limit must be between 10 and 1000")
		}
		limit = n
	}
	cursor, err := base64.RawURLEncoding.DecodeString(c.query("cursor"))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, 10012, "cursor is invalid")
	}
	keys, next, _ := c.kv.List(c.account.ID, ns.ID, c.query("prefix"), string(cursor), limit)
	views := []keyView{}
	for _, key := range keys {
		views = append(views, keyView(key))
	}
	info := map[string]any{"count": len(views), "cursor": base64.RawURLEncoding.EncodeToString([]byte(next))}
	return listed{result: views, info: info}, nil
}

// getValue answers GET …/namespaces/{namespace}/values/{key} with the bare value. Code 10009: workers-sdk,
// packages/miniflare/src/workers/local-explorer/resources/kv.ts.
func getValue(c *call) (any, error) {
	ns, err := c.namespace()
	if err != nil {
		return nil, err
	}
	value, _, expiration, ok := c.kv.Get(c.account.ID, ns.ID, c.path("key"))
	if !ok {
		return nil, refuse(http.StatusNotFound, 10009, "get: 'key not found'")
	}
	header := map[string]string{}
	if expiration != 0 {
		header["Expiration"] = strconv.FormatInt(expiration, 10)
	}
	return content{contentType: "application/octet-stream", header: header, body: value}, nil
}

// getMetadata answers GET …/namespaces/{namespace}/metadata/{key}.
func getMetadata(c *call) (any, error) {
	ns, err := c.namespace()
	if err != nil {
		return nil, err
	}
	_, metadata, _, ok := c.kv.Get(c.account.ID, ns.ID, c.path("key"))
	if !ok {
		return nil, refuse(http.StatusNotFound, 10009, "get: 'key not found'")
	}
	return metadata, nil
}

// putValue answers PUT …/namespaces/{namespace}/values/{key}: the body is the value, or a form with value and metadata
// (cloudflare-go kv.NamespaceValueUpdateParams).
func putValue(c *call) (any, error) {
	ns, err := c.namespace()
	if err != nil {
		return nil, err
	}
	pair := bulkPair{Key: c.path("key"), data: c.body}
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err == nil && kind == "multipart/form-data" {
		if err := pair.readForm(c.body, params["boundary"]); err != nil {
			return nil, err
		}
	}
	if pair.Expiration, err = seconds(c.query("expiration")); err != nil {
		return nil, err
	}
	if pair.TTL, err = seconds(c.query("expiration_ttl")); err != nil {
		return nil, err
	}
	if err := c.check(&pair); err != nil {
		return nil, err
	}
	return nil, c.kv.Put(c.account.ID, ns.ID, pair.Key, pair.data, pair.Metadata, pair.Expiration)
}

// seconds parses a parameter that counts seconds. Code 10034: alchemy-run/distilled, patches/kv/putNamespaceValue.json.
func seconds(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, refuse(http.StatusBadRequest, 10034, "expiration %q is not a number of seconds", text)
	}
	return n, nil
}

// bulkPair is a key with its value as a bulk write has it (cloudflare-go kv.NamespaceBulkUpdateParamsBody).
type bulkPair struct {
	Key        string          `json:"key"`
	Value      string          `json:"value"`
	Base64     bool            `json:"base64"`
	Metadata   json.RawMessage `json:"metadata"`
	Expiration int64           `json:"expiration"`
	TTL        int64           `json:"expiration_ttl"`

	data []byte // the value
}

// readForm reads value and metadata from a form.
func (p *bulkPair) readForm(body []byte, boundary string) error {
	form := multipart.NewReader(bytes.NewReader(body), boundary)
	found := false
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return refuse(http.StatusBadRequest, 10012, "form cannot be read: %v", err)
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return refuse(http.StatusBadRequest, 10012, "form cannot be read: %v", err)
		}
		switch part.FormName() {
		case "value":
			p.data, found = text, true
		case "metadata":
			p.Metadata = text
		}
	}
	if !found {
		return refuse(http.StatusBadRequest, 10012, "form has no value")
	}
	return nil
}

// check refuses a pair that KV does not take and turns its time to live into an expiration. The codes of limits other
// than 10034 are not documented; they are 10033 here.
func (c *call) check(p *bulkPair) error {
	p.Metadata = bytes.TrimSpace(p.Metadata)
	if len(p.Metadata) == 0 || bytes.Equal(p.Metadata, []byte("null")) {
		p.Metadata = nil
	}
	now := c.clock().Unix()
	switch {
	case p.Key == "" || p.Key == "." || p.Key == ".." || len(p.Key) > maxKey:
		return refuse(http.StatusBadRequest, 10033, "key must be between 1 and %d bytes, and not '.' or '..'", maxKey)
	case len(p.data) > maxValue:
		return refuse(http.StatusRequestEntityTooLarge, 10033, "value is longer than %d bytes", maxValue)
	case len(p.Metadata) > maxMetadata:
		return refuse(http.StatusBadRequest, 10033, "metadata is longer than %d bytes", maxMetadata)
	case p.Metadata != nil && !json.Valid(p.Metadata):
		return refuse(http.StatusBadRequest, 10012, "metadata must be valid JSON")
	case p.TTL != 0 && p.TTL < minTTL:
		return refuse(http.StatusBadRequest, 10034, "expiration_ttl must be at least %d", minTTL)
	case p.Expiration != 0 && p.Expiration < now+minTTL:
		return refuse(http.StatusBadRequest, 10034, "expiration must be at least %d seconds in the future", minTTL)
	}
	if p.TTL != 0 {
		p.Expiration = now + p.TTL
	}
	return nil
}

// deleteValue answers DELETE …/namespaces/{namespace}/values/{key}. Deleting a key that is not there is no error
// (developers.cloudflare.com/kv/api/delete-key-value-pairs).
func deleteValue(c *call) (any, error) {
	ns, err := c.namespace()
	if err != nil {
		return nil, err
	}
	return nil, c.kv.Delete(c.account.ID, ns.ID, c.path("key"))
}

// putBulk answers PUT …/namespaces/{namespace}/bulk (cloudflare-go kv.NamespaceBulkUpdateResponse).
func putBulk(c *call) (any, error) {
	ns, err := c.namespace()
	if err != nil {
		return nil, err
	}
	var pairs []bulkPair
	if err := c.decode(&pairs, 10012); err != nil {
		return nil, err
	}
	if len(pairs) > maxBulk {
		return nil, refuse(http.StatusRequestEntityTooLarge, 10012, "more than %d pairs", maxBulk)
	}
	for i := range pairs {
		p := &pairs[i]
		p.data = []byte(p.Value)
		if p.Base64 {
			if p.data, err = base64.StdEncoding.DecodeString(p.Value); err != nil {
				return nil, refuse(http.StatusBadRequest, 10012, "value of key %q is not base64", p.Key)
			}
		}
		if err := c.check(p); err != nil {
			return nil, err
		}
	}
	for _, p := range pairs {
		if err := c.kv.Put(c.account.ID, ns.ID, p.Key, p.data, p.Metadata, p.Expiration); err != nil {
			return nil, err
		}
	}
	return bulkResult(len(pairs)), nil
}

// deleteBulk answers POST …/namespaces/{namespace}/bulk/delete and DELETE …/bulk, whose body is a list of keys
// (cloudflare-go kv.NamespaceBulkDeleteParams; workers-sdk, packages/wrangler/src/kv/helpers.ts).
func deleteBulk(c *call) (any, error) {
	ns, err := c.namespace()
	if err != nil {
		return nil, err
	}
	var keys []string
	if err := c.decode(&keys, 10012); err != nil {
		return nil, err
	}
	for _, key := range keys {
		if err := c.kv.Delete(c.account.ID, ns.ID, key); err != nil {
			return nil, err
		}
	}
	return bulkResult(len(keys)), nil
}

func bulkResult(n int) any {
	return map[string]any{"successful_key_count": n, "unsuccessful_keys": []string{}}
}

// getBulk answers POST …/namespaces/{namespace}/bulk/get, for up to 100 keys (cloudflare-go kv.NamespaceBulkGetParams).
func getBulk(c *call) (any, error) {
	ns, err := c.namespace()
	if err != nil {
		return nil, err
	}
	var want struct {
		Keys         []string `json:"keys"`
		Type         string   `json:"type"`
		WithMetadata bool     `json:"withMetadata"`
	}
	if err := c.decode(&want, 10012); err != nil {
		return nil, err
	}
	if len(want.Keys) == 0 || len(want.Keys) > 100 {
		return nil, refuse(http.StatusBadRequest, 10029, "keys must be between 1 and 100")
	}
	values := map[string]any{}
	for _, key := range want.Keys {
		data, metadata, expiration, ok := c.kv.Get(c.account.ID, ns.ID, key)
		if !ok {
			values[key] = nil
			continue
		}
		var value any = string(data)
		if want.Type == "json" {
			if !json.Valid(data) {
				return nil, refuse(http.StatusBadRequest, 10012, "value of key %q is not JSON", key)
			}
			value = json.RawMessage(data)
		}
		if want.WithMetadata {
			entry := map[string]any{"value": value, "metadata": metadata}
			if expiration != 0 {
				entry["expiration"] = expiration
			}
			value = entry
		}
		values[key] = value
	}
	return map[string]any{"values": values}, nil
}

// dump writes the namespaces with their keys.
func (k *kvStore) dump(w io.Writer, account string, ns *namespace) {
	fmt.Fprintf(w, "  kv %q\n", ns.Title)
	k.mu.RLock()
	defer k.mu.RUnlock()
	values := k.values[account+"/"+ns.ID]
	for _, key := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(w, "    %q = %s %s\n", key, fingerprint(values[key].Value), values[key].Metadata)
	}
}
