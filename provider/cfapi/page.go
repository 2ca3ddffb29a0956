// SPDX-License-Identifier: Apache-2.0

package cfapi

// pageSize is how many objects a page of a list holds, as wrangler asks for.
const pageSize = 100

// lastPage reports whether a page of n objects is the last one, when the response
// says that a full one holds perPage; 0 means that it does not say.
func lastPage(n int, perPage int64) bool {
	if perPage <= 0 {
		perPage = pageSize
	}
	return int64(n) < perPage
}
