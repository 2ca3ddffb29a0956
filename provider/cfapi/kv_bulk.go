// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/cloudflare/cloudflare-go/v7/kv"
	"github.com/cloudflare/cloudflare-go/v7/option"
)

// Limits of requests about several keys: cloudflare-go, kv/namespace.go.
const (
	MaxKVBulk    = 10_000    // keys that are written or deleted by one request
	MaxKVBulkGet = 100       // keys that are read by one request
	maxKVRequest = 100 << 20 // bytes of a request that writes
)

// KVPair is a key with its value, which is text.
type KVPair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// KVBatches cuts pairs into those that one request can write.
func KVBatches(pairs []KVPair) iter.Seq[[]KVPair] {
	return func(yield func([]KVPair) bool) {
		start, size := 0, 0
		for i, pair := range pairs {
			n := jsonSize(pair)
			if i > start && (i-start == MaxKVBulk || size+n > maxKVRequest) {
				if !yield(pairs[start:i:i]) {
					return
				}
				start, size = i, 0
			}
			size += n
		}
		if start < len(pairs) {
			yield(pairs[start:])
		}
	}
}

// jsonSize is how many bytes a pair takes in a request, with the comma.
func jsonSize(pair KVPair) int {
	text, _ := json.Marshal(pair) // two texts cannot fail
	return len(text) + 1
}

// PutKVPairs writes the pairs, at most [MaxKVBulk]. Keys that are there get the new
// value; metadata and expiration that they had are lost.
func (c *Client) PutKVPairs(ctx context.Context, account, id string, pairs []KVPair) error {
	ctx, call := begin(ctx, APIKV, fmt.Sprintf("write %d keys of KV namespace %q", len(pairs), id))
	call.repeatable = true
	body, err := json.Marshal(pairs)
	if err != nil {
		return call.failed(err)
	}
	var params kv.NamespaceBulkUpdateParams
	params.AccountID.Value = segment(account)
	got, err := c.api().namespaces.BulkUpdate(ctx, segment(id), params,
		option.WithRequestBody("application/json", body))
	if err != nil {
		return call.failed(err)
	}
	return call.unsuccessful(got.UnsuccessfulKeys)
}

// DeleteKVKeys deletes the keys, at most [MaxKVBulk]. That one is not there is no error.
func (c *Client) DeleteKVKeys(ctx context.Context, account, id string, keys []string) error {
	ctx, call := begin(ctx, APIKV, fmt.Sprintf("delete %d keys of KV namespace %q", len(keys), id))
	call.repeatable = true
	params := kv.NamespaceBulkDeleteParams{Body: keys}
	params.AccountID.Value = segment(account)
	got, err := c.api().namespaces.BulkDelete(ctx, segment(id), params)
	if err != nil {
		return call.failed(err)
	}
	return call.unsuccessful(got.UnsuccessfulKeys)
}

// unsuccessful is the failure of a request that did a part of what was asked.
func (c *call) unsuccessful(keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	return &Error{
		Op: c.op, API: c.api, Kind: ErrUnavailable, Status: c.status, Ray: c.ray,
		Err: errors.New("not done for " + strings.Join(keys, ", ")),
	}
}

// KVValues returns the values of those of the keys, at most [MaxKVBulkGet], that are there. They must be texts.
func (c *Client) KVValues(ctx context.Context, account, id string, keys []string) (map[string]string, error) {
	ctx, call := begin(ctx, APIKV, fmt.Sprintf("read %d keys of KV namespace %q", len(keys), id))
	call.repeatable = true
	var params kv.NamespaceBulkGetParams
	params.AccountID.Value = segment(account)
	params.Keys.Value, params.Keys.Present = keys, true
	var env struct {
		Result struct {
			Values map[string]*string `json:"values"`
		} `json:"result"`
	}
	_, err := c.api().namespaces.BulkGet(ctx, segment(id), params, option.WithResponseBodyInto(&env))
	if err != nil {
		return nil, call.failed(err)
	}
	values := map[string]string{}
	for key, value := range env.Result.Values {
		if value != nil {
			values[key] = *value
		}
	}
	return values, nil
}
