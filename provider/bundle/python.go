// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Names that mean something in the bundle of a Python Worker.
const (
	// vendorDirectory holds the packages that pywrangler has put beside the code.
	vendorDirectory = "python_modules/"
	// workersPackage is the one vendored package whose JavaScript is imported as modules.
	workersPackage = vendorDirectory + "workers/"
)

// requirementFiles name packages that Cloudflare is to provide, one in a line.
var requirementFiles = []string{"requirements.txt", "cf-requirements.txt"}

// packageName is what such a line may say: PEP 508's names, and no version,
// since Cloudflare has one of each package.
var packageName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

// vendored reports whether a module is part of a vendored Python package.
func vendored(name string) bool { return strings.HasPrefix(name, vendorDirectory) }

// IsPython reports whether the entry point called main is Python.
func IsPython(main string) bool { return TypeOf(main) == Python }

// TypeIn is [TypeOf] for a module of the Worker whose entry point is main.
// Beside Python, all of a vendored package is data, which the Worker finds in its
// file system, except the JavaScript of Cloudflare's own package
// (workers-sdk, packages/wrangler/src/deployment-bundle/find-additional-modules.ts).
func TypeIn(main, name string) ModuleType {
	if !IsPython(main) || !vendored(name) {
		return TypeOf(name)
	}
	if ext := path.Ext(name); strings.HasPrefix(name, workersPackage) && (ext == ".js" || ext == ".mjs") {
		return ESModule
	}
	return Data
}

// Requirements returns the names of the packages that the Python Worker's
// requirements.txt or cf-requirements.txt asks Cloudflare for, sorted. A line that
// names more than a package is an error. If packages are vendored, the files
// are only text: they have said to pywrangler what to vendor.
//
// Wrangler sent each name as a module without content until it left packages to
// pywrangler (workers-sdk pull request 11899, and before it
// packages/wrangler/src/deployment-bundle/find-additional-modules.ts).
func (b Bundle) Requirements(main string) ([]string, error) {
	if !IsPython(main) || slices.ContainsFunc(b.Names(), vendored) {
		return nil, nil
	}
	var names []string
	for _, file := range requirementFiles {
		for line := range strings.Lines(string(b.Files[file])) {
			line, _, _ = strings.Cut(line, "#")
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			if !packageName.MatchString(line) {
				return nil, fmt.Errorf("%s: %q is more than a package's name: Cloudflare has one version of each package; "+
					"vendor another one into python_modules with pywrangler", file, line)
			}
			names = append(names, line)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// IsRequirements reports whether a file of a Python Worker's bundle is what
// [Bundle.Requirements] reads, and so no module itself.
func (b Bundle) IsRequirements(main, name string) bool {
	return IsPython(main) && slices.Contains(requirementFiles, name) && !slices.ContainsFunc(b.Names(), vendored)
}
