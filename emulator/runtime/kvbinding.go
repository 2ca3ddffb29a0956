// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Limits of KV. Source: https://developers.cloudflare.com/kv/platform/limits/ and workers-sdk,
// packages/miniflare/src/workers/kv/constants.ts.
const (
	kvMaxKey      = 512
	kvMaxValue    = 25 << 20
	kvMaxMetadata = 1024
	kvMaxList     = 1000
	kvMaxBulk     = 100
	kvMinTTL      = 60 // seconds
	kvMinCacheTTL = 30 // seconds
)

// Headers of the protocol that workerd's KV bindings speak. Source: workerd, src/workerd/api/kv.c++, and workers-sdk,
// packages/miniflare/src/workers/kv/namespace.worker.ts, whose checks and messages are followed here.
const (
	kvExpirationHeader = "Cf-Expiration"
	kvMetadataHeader   = "Cf-Kv-Metadata"
)

// kvBinding answers the requests that workerd makes for the methods of a KV namespace.
type kvBinding struct {
	store              KV
	account, namespace string
	now                func() time.Time
}

// kvError is an answer that makes the method throw.
type kvError struct {
	status  int
	message string
}

// Error returns the message.
func (e *kvError) Error() string { return e.message }

func kvFailure(status int, format string, args ...any) error {
	return &kvError{status: status, message: fmt.Sprintf(format, args...)}
}

// ServeHTTP answers one request.
func (k kvBinding) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var err error
	switch path := strings.TrimPrefix(r.URL.EscapedPath(), "/"); {
	case r.Method == http.MethodPost && path == "bulk/get":
		err = k.bulk(w, r)
	case r.Method == http.MethodGet && path == "":
		err = k.list(w, r.URL.Query())
	case r.Method == http.MethodGet:
		err = k.withKey(path, r, func(key string) error { return k.get(w, r, key) })
	case r.Method == http.MethodPut:
		err = k.withKey(path, r, func(key string) error { return k.put(r, key) })
	case r.Method == http.MethodDelete:
		err = k.withKey(path, r, func(key string) error { return k.store.Delete(k.account, k.namespace, key) })
	default:
		err = kvFailure(http.StatusMethodNotAllowed, "Method Not Allowed")
	}
	if err == nil {
		return
	}
	status := http.StatusInternalServerError
	if known, ok := errors.AsType[*kvError](err); ok {
		status = known.status
	}
	http.Error(w, err.Error(), status)
}

// withKey calls do with the key in a path.
func (k kvBinding) withKey(path string, r *http.Request, do func(key string) error) error {
	key := path
	if strings.EqualFold(r.URL.Query().Get("urlencoded"), "true") {
		decoded, err := url.PathUnescape(path)
		if err != nil {
			return kvFailure(http.StatusBadRequest, "Could not URL-decode key name")
		}
		key = decoded
	}
	if err := checkKVKey(key); err != nil {
		return err
	}
	return do(key)
}

func checkKVKey(key string) error {
	switch {
	case key == "":
		return kvFailure(http.StatusBadRequest, "Key names must not be empty")
	case key == "." || key == "..":
		return kvFailure(http.StatusBadRequest, "Illegal key name %q. Please use a different name.", key)
	case len(key) > kvMaxKey:
		return kvFailure(http.StatusRequestURITooLong,
			"UTF-8 encoded length of %d exceeds key length limit of %d.", len(key), kvMaxKey)
	}
	return nil
}

func checkKVCacheTTL(text string) error {
	if text == "" {
		return nil
	}
	if ttl, err := strconv.Atoi(text); err != nil || ttl < kvMinCacheTTL {
		return kvFailure(http.StatusBadRequest,
			"Invalid cache_ttl of %s. Cache TTL must be at least %d.", text, kvMinCacheTTL)
	}
	return nil
}

func (k kvBinding) get(w http.ResponseWriter, r *http.Request, key string) error {
	if err := checkKVCacheTTL(r.URL.Query().Get("cache_ttl")); err != nil {
		return err
	}
	value, metadata, expiration, ok := k.store.Get(k.account, k.namespace, key)
	if !ok {
		return kvFailure(http.StatusNotFound, "Not Found")
	}
	if expiration != 0 {
		w.Header().Set(kvExpirationHeader, strconv.FormatInt(expiration, 10))
	}
	if len(metadata) > 0 {
		w.Header().Set(kvMetadataHeader, string(metadata))
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(value)))
	_, _ = w.Write(value) //nolint:gosec // it goes to the Worker as it is; no browser sees it, and the Worker may be gone
	return nil
}

// bulk answers get() and getWithMetadata() of several keys.
func (k kvBinding) bulk(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Keys         []string `json:"keys"`
		Type         string   `json:"type"`
		WithMetadata bool     `json:"withMetadata"`
		CacheTTL     string   `json:"cacheTtl"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		return kvFailure(http.StatusBadRequest, "bad request: %v", err)
	}
	switch {
	case request.Type != "" && request.Type != "text" && request.Type != "json":
		return kvFailure(http.StatusBadRequest, `"%s" is not a valid type. Use "json" or "text"`, request.Type)
	case len(request.Keys) > kvMaxBulk:
		return kvFailure(http.StatusBadRequest, "You can request a maximum of %d keys", kvMaxBulk)
	case len(request.Keys) == 0:
		return kvFailure(http.StatusBadRequest, "You must request a minimum of 1 key")
	}
	if err := checkKVCacheTTL(request.CacheTTL); err != nil {
		return err
	}
	answer := map[string]any{}
	total := 0
	for _, key := range request.Keys {
		if err := checkKVKey(key); err != nil {
			return err
		}
		value, metadata, _, ok := k.store.Get(k.account, k.namespace, key)
		if !ok {
			answer[key] = nil
			continue
		}
		total += len(value)
		var shown any = string(value)
		if request.Type == "json" {
			if !json.Valid(value) {
				return kvFailure(http.StatusBadRequest,
					"At least one of the requested keys corresponds to a non-json value")
			}
			shown = json.RawMessage(value)
		}
		if request.WithMetadata {
			shown = map[string]any{"value": shown, "metadata": metadata}
		}
		answer[key] = shown
	}
	if total > kvMaxValue {
		return kvFailure(http.StatusRequestEntityTooLarge,
			"Total size of request exceeds the limit of %dMB", kvMaxValue>>20)
	}
	return writeJSON(w, answer)
}

func (k kvBinding) put(r *http.Request, key string) error {
	expiration, err := k.expiration(r.URL.Query())
	if err != nil {
		return err
	}
	metadata := r.Header.Get(kvMetadataHeader)
	if len(metadata) > kvMaxMetadata {
		return kvFailure(http.StatusRequestEntityTooLarge,
			"Metadata length of %d exceeds limit of %d.", len(metadata), kvMaxMetadata)
	}
	value, err := io.ReadAll(io.LimitReader(r.Body, kvMaxValue+1))
	if err != nil {
		return kvFailure(http.StatusBadRequest, "value: %v", err)
	}
	if len(value) > kvMaxValue {
		return kvFailure(http.StatusRequestEntityTooLarge,
			"Value length of %d exceeds limit of %d.", max(r.ContentLength, int64(len(value))), kvMaxValue)
	}
	var stored json.RawMessage
	if metadata != "" {
		stored = json.RawMessage(metadata)
	}
	return k.store.Put(k.account, k.namespace, key, value, stored, expiration)
}

// expiration returns when a value put with query expires, in seconds since the epoch; 0: never.
func (k kvBinding) expiration(query url.Values) (int64, error) {
	now := k.now().Unix()
	if text := query.Get("expiration_ttl"); text != "" {
		ttl, err := strconv.ParseInt(text, 10, 64)
		switch {
		case err != nil || ttl <= 0:
			return 0, kvFailure(http.StatusBadRequest,
				"Invalid expiration_ttl of %s. Please specify integer greater than 0.", text)
		case ttl < kvMinTTL:
			return 0, kvFailure(http.StatusBadRequest,
				"Invalid expiration_ttl of %s. Expiration TTL must be at least %d.", text, kvMinTTL)
		}
		return now + ttl, nil
	}
	text := query.Get("expiration")
	if text == "" {
		return 0, nil
	}
	expiration, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || expiration <= now:
		return 0, kvFailure(http.StatusBadRequest, "Invalid expiration of %s. Please specify integer greater "+
			"than the current number of seconds since the UNIX epoch.", text)
	case expiration < now+kvMinTTL:
		return 0, kvFailure(http.StatusBadRequest, "Invalid expiration of %s. Expiration times must be at least "+
			"%d seconds in the future.", text, kvMinTTL)
	}
	return expiration, nil
}

func (k kvBinding) list(w http.ResponseWriter, query url.Values) error {
	limit := kvMaxList
	if text := query.Get("key_count_limit"); text != "" {
		n, err := strconv.Atoi(text)
		switch {
		case err != nil || n < 1:
			return kvFailure(http.StatusBadRequest,
				"Invalid key_count_limit of %s. Please specify an integer greater than 0.", text)
		case n > kvMaxList:
			return kvFailure(http.StatusBadRequest,
				"Invalid key_count_limit of %s. Please specify an integer less than %d.", text, kvMaxList)
		}
		limit = n
	}
	prefix := query.Get("prefix")
	if len(prefix) > kvMaxKey {
		return checkKVKey(prefix)
	}
	type entry struct {
		Name       string `json:"name"`
		Expiration int64  `json:"expiration,omitempty"`
		Metadata   string `json:"metadata,omitempty"` // JSON in a string, as workerd expects it
	}
	var answer struct {
		Keys     []entry `json:"keys"`
		Complete bool    `json:"list_complete"`
		Cursor   string  `json:"cursor,omitempty"`
	}
	keys, next, complete := k.store.List(k.account, k.namespace, prefix, query.Get("cursor"), limit)
	answer.Keys = make([]entry, 0, len(keys))
	for _, key := range keys {
		answer.Keys = append(answer.Keys, entry{key.Name, key.Expiration, string(key.Metadata)})
	}
	answer.Complete = complete
	if !complete {
		answer.Cursor = next
	}
	return writeJSON(w, answer)
}

// writeJSON answers with v.
func writeJSON(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // the Worker may be gone
	return nil
}
