// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

//go:embed js/python.js
var pythonSource []byte

// pythonFlag is the compatibility flag that Python needs (workers-sdk,
// packages/workers-utils/src/config/validation.ts, whose words the refusal has: what Cloudflare says is not known).
const pythonFlag = "python_workers"

// python tells whether the script is in Python. workerd runs Python with Pyodide, which it downloads from Cloudflare at
// the first use and which no package has; so another Worker, which says so, stands for the script here.
func (s *Script) python() bool {
	main, err := moduleName(s.MainModule)
	if err != nil || s.MainModule == "" {
		return false
	}
	return slices.ContainsFunc(s.Modules, func(m Module) bool {
		name, err := moduleName(m.Name)
		return err == nil && name == main && moduleFields[mediaType(m.ContentType)] == "pythonModule"
	})
}

// pythonStandIn writes the fields of a Worker literal for a script in Python.
func pythonStandIn(files fileSet) string {
	return fmt.Sprintf(`modules = [(name = "python.js", esModule = %s)]`, files.embed(pythonSource))
}

// readPython is [Runtime.Validate] for a script in Python: its parts are checked, and what it handles is found by
// reading the entry point.
func (s *Script) readPython() (Report, error) {
	if _, err := s.modules(fileSet{}); err != nil {
		return Report{}, err
	}
	if !slices.Contains(s.CompatibilityFlags, pythonFlag) {
		return Report{}, scriptErrorf("The `%s` compatibility flag is required to use Python.", pythonFlag)
	}
	source, err := s.part(s.MainModule)
	if err != nil {
		return Report{}, err
	}
	return pythonReport(string(source)), nil
}

var (
	// A function that handles an event, as without classes: https://developers.cloudflare.com/workers/languages/python/.
	pythonFunction = regexp.MustCompile(`^(?:async\s+)?def\s+on_(\w+)\s*\(`)
	pythonClass    = regexp.MustCompile(`^class\s+(\w+)\s*\(.*\b(?:WorkerEntrypoint|DurableObject|WorkflowEntrypoint)\b`)
	pythonMethod   = regexp.MustCompile(`^\s+(?:async\s+)?def\s+([a-z]\w*)\s*\(`)
)

// pythonDefault is the class that is the default export.
const pythonDefault = "Default"

// pythonReport describes the entry point of a script in Python.
func pythonReport(source string) Report {
	report := Report{StartupTimeMS: 1}
	class := "" // that the line is in
	for line := range strings.Lines(source) {
		if indented := strings.TrimLeft(line, " \t") != line; !indented && strings.TrimSpace(line) != "" {
			class = ""
		}
		if found := pythonFunction.FindStringSubmatch(line); found != nil {
			report.Handlers = append(report.Handlers, found[1])
		}
		if found := pythonClass.FindStringSubmatch(line); found != nil {
			if class = found[1]; class != pythonDefault {
				report.NamedHandlers = append(report.NamedHandlers, NamedHandler{Name: class, Handlers: []string{"class"}})
			}
		}
		if found := pythonMethod.FindStringSubmatch(line); found != nil && class == pythonDefault {
			report.Handlers = append(report.Handlers, found[1])
		}
	}
	slices.Sort(report.Handlers)
	report.Handlers = slices.Compact(report.Handlers)
	slices.SortFunc(report.NamedHandlers, func(a, b NamedHandler) int { return strings.Compare(a.Name, b.Name) })
	return report
}
