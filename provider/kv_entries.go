// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// Limits of Workers KV: https://developers.cloudflare.com/kv/platform/limits/
const (
	maxKVKey   = 512      // bytes
	maxKVValue = 25 << 20 // bytes
)

// entries checks keys and values.
func (c *checker) entries(entries map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		path := []string{"entries", key}
		c.fail(key == "" || key == "." || key == "..", path, "%q cannot be a key", key)
		c.fail(len(key) > maxKVKey, path, "the key has %d bytes; Cloudflare allows %d", len(key), maxKVKey)
		c.fail(len(entries[key]) > maxKVValue, path, "has %d bytes; Cloudflare allows %d (25 MiB)", len(entries[key]),
			maxKVValue)
	}
}

// fileEntries adds the entries of a file to those that the program has itself.
func (c *checker) fileEntries(file string, own map[string]string) map[string]string {
	at := []string{"entriesFile"}
	text, err := os.ReadFile(file)
	if err != nil {
		c.fail(true, at, "cannot be read: %v", err)
		return own
	}
	entries, err := parseEntries(text)
	if err != nil {
		c.fail(true, at, "%s: %v", file, err)
		return own
	}
	before := len(c.failures)
	c.entries(entries)
	for i := range c.failures[before:] { // which are about the file, though it is named by the key
		c.failures[before+i].Reason = "in " + file + ": " + c.failures[before+i].Reason
	}
	for key, value := range own {
		_, twice := entries[key]
		c.fail(twice, []string{"entries", key}, "is in %s, too: leave one of them out", file)
		entries[key] = value
	}
	return entries
}

// parseEntries reads an object of texts, or a list as `wrangler kv bulk put` takes it (workers-sdk,
// packages/wrangler/src/kv/helpers.ts, KeyValue). Its errors name keys and never a value.
func parseEntries(text []byte) (map[string]string, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) == nil {
		entries := make(map[string]string, len(members))
		for key, member := range members {
			var value *string
			if json.Unmarshal(member, &value) != nil || value == nil {
				return nil, fmt.Errorf("the value of %q is not a text: write it as one", key)
			}
			entries[key] = *value
		}
		return entries, nil
	}
	var list []map[string]json.RawMessage
	if json.Unmarshal(text, &list) != nil {
		return nil, errors.New(`is neither a JSON object of texts nor a list of {"key": …, "value": …}`)
	}
	entries := make(map[string]string, len(list))
	for i, item := range list {
		var key, value *string
		if json.Unmarshal(item["key"], &key) != nil || json.Unmarshal(item["value"], &value) != nil ||
			key == nil || value == nil {
			return nil, fmt.Errorf("item %d of the list does not have a key and a value that are texts", i+1)
		}
		for member := range item {
			if member != "key" && member != "value" {
				return nil, fmt.Errorf("%q has %q: only texts are kept here; write it with wrangler kv bulk put", *key, member)
			}
		}
		if _, twice := entries[*key]; twice {
			return nil, fmt.Errorf("%q is there twice", *key)
		}
		entries[*key] = *value
	}
	return entries, nil
}

// writeEntries turns the entries that were written before into those that are
// given. It returns what is written then, also if there is an error.
func writeEntries(
	ctx context.Context, account, id string, before, entries map[string]string,
) (written map[string]string, err error) {
	written = map[string]string{}
	maps.Copy(written, before)
	var changed []cfapi.KVPair
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		if is, there := written[key]; !there || is != entries[key] {
			changed = append(changed, cfapi.KVPair{Key: key, Value: entries[key]})
		}
	}
	for batch := range cfapi.KVBatches(changed) {
		if err := api(ctx).PutKVPairs(ctx, account, id, batch); err != nil {
			return written, err
		}
		for _, pair := range batch {
			written[pair.Key] = pair.Value
		}
	}
	var removed []string
	for _, key := range slices.Sorted(maps.Keys(written)) {
		if _, kept := entries[key]; !kept {
			removed = append(removed, key)
		}
	}
	for batch := range slices.Chunk(removed, cfapi.MaxKVBulk) {
		if err := api(ctx).DeleteKVKeys(ctx, account, id, batch); err != nil {
			return written, err
		}
		for _, key := range batch {
			delete(written, key)
		}
	}
	return written, nil
}

// readEntries returns the entries of those keys that are there; nil if no key is given.
func readEntries(ctx context.Context, account, id string, keys []string) (map[string]string, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	entries := map[string]string{}
	for batch := range slices.Chunk(keys, cfapi.MaxKVBulkGet) {
		values, err := api(ctx).KVValues(ctx, account, id, batch)
		if err != nil {
			return nil, err
		}
		maps.Copy(entries, values)
	}
	return entries, nil
}
