// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"slices"
)

// Codes of the Vectorize API that users quote, each as "vectorize.index.… - Index name "…" [code: …]". The code of a
// configuration that is wrong is ours, and so are the statuses.
const (
	codeNoIndex        = 3000
	codeBadIndex       = 3001
	codeIndexNameTaken = 3002
)

// vectorIndex is an index of Vectorize, without vectors.
type vectorIndex struct {
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Config      vectorConfig `json:"config"`
	Created     timestamp    `json:"created_on"`
	Modified    timestamp    `json:"modified_on"`
}

// vectorConfig is what an index is made for (cloudflare-go vectorize.IndexDimensionConfiguration).
type vectorConfig struct {
	Dimensions int    `json:"dimensions"`
	Metric     string `json:"metric"`
}

// vectorPresets are the models that an index can be made for (cloudflare-go vectorize.IndexNewParamsConfigPreset).
// Their dimensions: developers.cloudflare.com/vectorize/best-practices/create-indexes and
// developers.cloudflare.com/workers-ai/models. That all have the metric cosine is a best guess.
var vectorPresets = map[string]vectorConfig{
	"@cf/baai/bge-small-en-v1.5":     {384, "cosine"},
	"@cf/baai/bge-base-en-v1.5":      {768, "cosine"},
	"@cf/baai/bge-large-en-v1.5":     {1024, "cosine"},
	"openai/text-embedding-ada-002":  {1536, "cosine"},
	"cohere/embed-multilingual-v2.0": {768, "cosine"},
}

// Bounds of an index: developers.cloudflare.com/api, vectorize-create-vectorize-index, and
// developers.cloudflare.com/vectorize/platform/limits.
const (
	maxDimensions = 1536
	maxIndexName  = 64 // bytes
)

var vectorMetrics = []string{"cosine", "euclidean", "dot-product"}

// index returns the index that the path names.
func (c *call) index() (*vectorIndex, error) {
	if i := c.account.Indexes[c.path("index")]; i != nil {
		return i, nil
	}
	return nil, refuse(http.StatusNotFound, codeNoIndex, `vectorize.index.not_found - Index name "%s"`, c.path("index"))
}

// listIndexes answers GET /accounts/{account}/vectorize/v2/indexes, in one page (cloudflare-go vectorize.IndexService).
func listIndexes(c *call) (any, error) { return sorted(c.account.Indexes), nil }

// createIndex answers POST /accounts/{account}/vectorize/v2/indexes (cloudflare-go vectorize.IndexNewParams) with
// status 201 (developers.cloudflare.com/vectorize/best-practices/create-indexes). The name of a deleted index can be
// used again (there).
func createIndex(c *call) (any, error) {
	var want struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Config      struct {
			vectorConfig
			Preset string `json:"preset"`
		} `json:"config"`
	}
	if err := c.decode(&want, codeBadIndex); err != nil {
		return nil, err
	}
	config := want.Config.vectorConfig
	preset, known := vectorPresets[want.Config.Preset]
	switch {
	case want.Name == "" || len(want.Name) > maxIndexName:
		return nil, refuse(http.StatusBadRequest, codeBadIndex, "the name of an index has 1 to %d bytes", maxIndexName)
	case known:
		config = preset
	case want.Config.Preset != "":
		return nil, refuse(http.StatusBadRequest, codeBadIndex, "there is no preset %q", want.Config.Preset)
	case config.Dimensions < 1 || config.Dimensions > maxDimensions:
		return nil, refuse(http.StatusBadRequest, codeBadIndex, "dimensions must be between 1 and %d", maxDimensions)
	case !slices.Contains(vectorMetrics, config.Metric):
		return nil, refuse(http.StatusBadRequest, codeBadIndex, "metric must be cosine, euclidean or dot-product")
	}
	if c.account.Indexes[want.Name] != nil {
		return nil, refuse(http.StatusConflict, codeIndexNameTaken,
			`vectorize.index.duplicate_name - Index name "%s"`, want.Name)
	}
	i := &vectorIndex{
		Name: want.Name, Description: want.Description, Config: config, Created: c.now(), Modified: c.now(),
	}
	c.account.Indexes = kept(c.account.Indexes, i.Name, i)
	return answered{http.StatusCreated, i}, nil
}

// getIndex answers GET /accounts/{account}/vectorize/v2/indexes/{index}.
func getIndex(c *call) (any, error) {
	i, err := c.index()
	if err != nil {
		return nil, err
	}
	return i, nil
}

// deleteIndex answers DELETE /accounts/{account}/vectorize/v2/indexes/{index}. That Workers are bound to it is no
// obstacle: a best guess.
func deleteIndex(c *call) (any, error) {
	i, err := c.index()
	if err != nil {
		return nil, err
	}
	delete(c.account.Indexes, i.Name)
	return nil, nil
}
