// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestABatchOfPairsFitsIntoOneRequest(t *testing.T) {
	t.Parallel()
	sizes := func(pairs []KVPair) (sizes []int) {
		next := 0
		for batch := range KVBatches(pairs) {
			sizes = append(sizes, len(batch))
			for _, pair := range batch {
				assert.Equal(t, pairs[next].Key, pair.Key)
				next++
			}
		}
		assert.Len(t, pairs, next)
		return sizes
	}
	many := make([]KVPair, 2*MaxKVBulk+1)
	for i := range many {
		many[i].Key = strconv.Itoa(i)
	}
	assert.Equal(t, []int{MaxKVBulk, MaxKVBulk, 1}, sizes(many))
	assert.Empty(t, sizes(nil))
	large := strings.Repeat("x", 25<<20)
	assert.Equal(t, []int{3, 2}, sizes([]KVPair{{"a", large}, {"b", large}, {"c", large}, {"d", large}, {"e", large}}))
	assert.Equal(t, []int{1, 1}, sizes([]KVPair{{"a", strings.Repeat("<", 10<<20)}, {"b", strings.Repeat("<", 10<<20)}}),
		"escaped")
}

func TestKeysThatCloudflareDidNotWriteAreNamed(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, `{"successful_key_count":1,"unsuccessful_keys":["b","c"]}`)
	})
	err := c.PutKVPairs(t.Context(), testAccount, "n1", []KVPair{{"a", ""}, {"b", ""}, {"c", ""}})
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorContains(t, err, "not done for b, c")
	require.ErrorContains(t, c.DeleteKVKeys(t.Context(), testAccount, "n1", []string{"a", "b", "c"}), "not done for b, c")
}
