// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"fmt"
	"mime"
	"path"
	"strings"
)

// moduleFields maps content types of uploads to the fields of workerd's configuration that give a module of that
// kind. Source: workers-sdk, packages/wrangler/src/deployment-bundle/module-collection and
// create-worker-upload-form.ts (toMimeType).
var moduleFields = map[string]string{
	"application/javascript+module": "esModule",
	"application/javascript":        "commonJsModule",
	"text/javascript":               "commonJsModule",
	"application/wasm":              "wasm",
	"text/plain":                    "text",
	"application/octet-stream":      "data",
	"application/json":              "json",
	"text/x-python":                 "pythonModule",
}

// notModules are content types of parts that are stored with a version but not given to the runtime.
var notModules = map[string]bool{
	"application/source-map":    true,
	"text/x-python-requirement": true,
}

// mediaType returns a content type without its parameters, in lower case.
func mediaType(contentType string) string {
	mediatype, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return strings.ToLower(strings.TrimSpace(contentType))
	}
	return mediatype
}

// moduleName returns the name by which other modules import the part called name. Wrangler uploads names that
// begin with "./".
func moduleName(name string) (string, error) {
	clean := path.Clean(name)
	if name == "" || clean == "." || clean == ".." || strings.HasPrefix(clean, "../") || path.IsAbs(clean) {
		return "", scriptErrorf("Uncaught Error: Invalid module name %q. "+
			"Names of modules are relative paths that do not leave the script's directory.", name)
	}
	return clean, nil
}

// code returns the fields of workerd's Worker struct that hold the script's code.
func (s *Script) code(files fileSet) (string, error) {
	if s.MainModule == "" {
		body, err := s.part(s.BodyPart)
		if err != nil {
			return "", err
		}
		return "serviceWorkerScript = " + files.embed(body), nil
	}
	if s.python() {
		return pythonStandIn(files), nil
	}
	modules, err := s.modules(files)
	if err != nil {
		return "", err
	}
	return "modules = " + list(modules), nil
}

// modules returns the script's modules as Module literals, the main module first, as workerd wants it.
func (s *Script) modules(files fileSet) ([]string, error) {
	main, err := moduleName(s.MainModule)
	if err != nil {
		return nil, err
	}
	var modules []string
	seen := map[string]bool{}
	for _, m := range s.Modules {
		mediatype := mediaType(m.ContentType)
		if notModules[mediatype] {
			continue
		}
		name, err := moduleName(m.Name)
		if err != nil {
			return nil, err
		}
		if seen[name] {
			return nil, scriptErrorf("Uncaught Error: Duplicate module %q.", name)
		}
		seen[name] = true
		field, ok := moduleFields[mediatype]
		if !ok {
			return nil, scriptErrorf("Uncaught Error: Module %q has the unknown content type %q.",
				name, m.ContentType)
		}
		literal := fmt.Sprintf("(name = %s, %s = %s)", quote(name), field, files.embed(m.Content))
		if name != main {
			modules = append(modules, literal)
			continue
		}
		switch field {
		case "esModule", "pythonModule":
		default:
			return nil, scriptErrorf("Uncaught TypeError: Main module must be an ES module, "+
				"but %q has the content type %q.", name, m.ContentType)
		}
		modules = append([]string{literal}, modules...)
	}
	if !seen[main] {
		return nil, scriptErrorf("Uncaught Error: No such module %q. "+
			"It is the main module, but no part of the upload has that name.", main)
	}
	return modules, nil
}

// part returns the content of the uploaded part called name.
func (s *Script) part(name string) ([]byte, error) {
	for _, m := range s.Modules {
		if m.Name == name {
			return m.Content, nil
		}
	}
	return nil, scriptErrorf("Uncaught Error: No such part %q in the upload.", name)
}
