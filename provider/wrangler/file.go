// SPDX-License-Identifier: Apache-2.0

package wrangler

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/tailscale/hujson"
)

// names are the files that wrangler looks for in a directory, in this order (wrangler 4.164, findWranglerConfig).
var names = []string{"wrangler.json", "wrangler.jsonc", "wrangler.toml"}

// A File is a configuration of wrangler as it was read.
type File struct {
	Path   string // of the file itself
	values map[string]any
}

// Names are those of configurations, as a text tells them.
const Names = "wrangler.json, wrangler.jsonc or wrangler.toml"

// Find returns the path of the configuration at path: a file, or a directory that has one of wrangler's names in it;
// "" is the current one.
func Find(path string) (string, error) {
	if path == "" {
		path = "."
	}
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		path, err = find(path)
	}
	return path, missing(err, path)
}

// Read reads the configuration at path, as [Find] finds it.
func Read(path string) (*File, error) {
	path, err := Find(path)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, missing(err, path)
	}
	return Parse(path, text)
}

func missing(err error, path string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no configuration of wrangler at %q: give the path of a %s, relative to the program",
			path, Names)
	}
	return err
}

func find(dir string) (string, error) {
	for _, name := range names {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return dir, fs.ErrNotExist
}

// Parse reads text, which is JSON with comments and trailing commas, or TOML if the name of path ends so.
func Parse(path string, text []byte) (*File, error) {
	file := &File{Path: path}
	var err error
	text = []byte(strings.TrimPrefix(string(text), "\ufeff"))
	if filepath.Ext(path) == ".toml" {
		err = toml.Unmarshal(text, &file.values)
		if position := (toml.ParseError{}); errors.As(err, &position) {
			err = fmt.Errorf("line %d: %s", position.Position.Line, position.Message)
		}
	} else {
		var standard []byte
		if standard, err = hujson.Standardize(text); err == nil {
			err = json.Unmarshal(standard, &file.values)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %s", path, strings.TrimPrefix(err.Error(), "hujson: "))
	}
	for key, value := range sortedMap(file.values) {
		if file.values[key], err = plain(key, value); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return file, nil
}

// plain returns value with the types of JSON.
func plain(at string, value any) (any, error) {
	var err error
	switch v := value.(type) {
	case nil, bool, string:
		return v, nil
	case int64:
		value = float64(v)
		if int64(float64(v)) != v {
			return nil, fmt.Errorf("%s: %d is too large a number: write it as a text", at, v)
		}
		return value, nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%s: %v is no number of JSON", at, v)
		}
		return v, nil
	case map[string]any:
		for key := range sortedMap(v) {
			if v[key], err = plain(at+"."+key, v[key]); err != nil {
				return nil, err
			}
		}
		return v, nil
	case []map[string]any: // TOML's [[tables]]
		list := make([]any, len(v))
		for i := range v {
			list[i] = v[i]
		}
		return plain(at, list)
	case []any:
		list := slices.Clone(v)
		for i := range list {
			if list[i], err = plain(fmt.Sprintf("%s[%d]", at, i), list[i]); err != nil {
				return nil, err
			}
		}
		return list, nil
	default:
		return nil, fmt.Errorf("%s: a date or time is no value here: write it as a text, in quotes", at)
	}
}
