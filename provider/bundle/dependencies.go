// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// npmLock is npm's record of which packages were installed. In a bundle it is no module.
const npmLock = "package-lock.json"

// maxDependencies is how many packages are recorded; Cloudflare drops the others (workers-sdk,
// packages/deploy-helpers/src/deploy/helpers/package-dependencies.ts).
const maxDependencies = 200

// A Dependency is an npm package that the code was built with.
type Dependency struct {
	Name               string // such as "@scope/name"
	PackageJSONVersion string // what package.json asks for, such as "^4.17.21"
	InstalledVersion   string // what was installed, such as "4.17.22"
}

// Dependencies returns the packages that the project of a bundle names, sorted by name: as wrangler does, those of
// dependencies and devDependencies that were installed from a registry. Wrangler reads package.json and node_modules,
// which no bundle has; npm's package-lock.json says the same of both, and counts if it is at the top of the bundle.
// There is none in what wrangler writes: copy it there to have the packages recorded.
func (b Bundle) Dependencies() ([]Dependency, error) {
	text, there := b.Files[npmLock]
	if !there || b.Single {
		return nil, nil
	}
	var lock struct {
		Packages map[string]struct {
			Version         string            `json:"version"`
			Dependencies    map[string]string `json:"dependencies"`
			DevDependencies map[string]string `json:"devDependencies"`
		} `json:"packages"` // by path; "" is the project. https://docs.npmjs.com/cli/configuring-npm/package-lock-json
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		return nil, fmt.Errorf("%s: %w", npmLock, err)
	}
	asked := maps.Clone(lock.Packages[""].Dependencies)
	if asked == nil {
		asked = map[string]string{}
	}
	maps.Copy(asked, lock.Packages[""].DevDependencies)
	var all []Dependency
	for name, version := range asked {
		installed := lock.Packages["node_modules/"+name].Version
		if installed != "" && !isLocal(version) {
			all = append(all, Dependency{Name: name, PackageJSONVersion: version, InstalledVersion: installed})
		}
	}
	slices.SortFunc(all, func(a, b Dependency) int { return cmp.Compare(a.Name, b.Name) })
	return all[:min(len(all), maxDependencies)], nil
}

// isLocal reports whether what package.json asks for comes from the project's own files.
func isLocal(version string) bool {
	return slices.ContainsFunc([]string{"workspace:", "catalog:", "file:", "link:"}, func(prefix string) bool {
		return strings.HasPrefix(version, prefix)
	})
}
