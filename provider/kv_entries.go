// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"maps"
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
