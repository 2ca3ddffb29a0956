// SPDX-License-Identifier: Apache-2.0

package assets

import (
	"path"
	"strings"
)

// NoContentType is what is sent for a file that is to be served without a content type, so that browsers decide.
const NoContentType = "application/null"

// contentTypes are those of the extensions that sites are made of, as wrangler has them: machines differ in what they
// know, and a deployment must not.
var contentTypes = map[string]string{
	"3gp": "video/3gpp", "7z": "application/x-7z-compressed", "aac": "audio/x-aac", "appcache": "text/cache-manifest",
	"atom": "application/atom+xml", "avi": "video/x-msvideo", "avif": "image/avif", "bin": "application/octet-stream",
	"bmp": "image/bmp", "bz2": "application/x-bzip2", "cjs": "application/node", "css": "text/css", "csv": "text/csv",
	"doc": "application/msword", "epub": "application/epub+zip", "flac": "audio/x-flac", "geojson": "application/geo+json",
	"gif": "image/gif", "glb": "model/gltf-binary", "gltf": "model/gltf+json", "gz": "application/gzip",
	"heic": "image/heic", "heif": "image/heif", "htm": "text/html", "html": "text/html", "ico": "image/vnd.microsoft.icon",
	"ics": "text/calendar", "jpeg": "image/jpeg", "jpg": "image/jpeg", "js": "text/javascript", "json": "application/json",
	"json5": "application/json5", "jsonld": "application/ld+json", "jsx": "text/jsx", "jxl": "image/jxl",
	"less": "text/less", "log": "text/plain", "m3u8": "application/vnd.apple.mpegurl", "m4a": "audio/mp4",
	"m4v": "video/x-m4v", "map": "application/json", "markdown": "text/markdown", "md": "text/markdown",
	"mdx": "text/mdx", "mid": "audio/midi", "mjs": "text/javascript", "mkv": "video/x-matroska", "mov": "video/quicktime",
	"mp3": "audio/mpeg", "mp4": "video/mp4", "mpd": "application/dash+xml", "mpeg": "video/mpeg",
	"oga": "audio/ogg", "ogg": "audio/ogg", "ogv": "video/ogg", "opus": "audio/ogg", "otf": "font/otf",
	"pdf": "application/pdf", "png": "image/png", "rss": "application/rss+xml", "rtf": "application/rtf",
	"scss": "text/x-scss", "svg": "image/svg+xml", "svgz": "image/svg+xml", "tar": "application/x-tar",
	"tif": "image/tiff", "tiff": "image/tiff", "toml": "application/toml", "ts": "video/mp2t", "ttf": "font/ttf",
	"txt": "text/plain", "vtt": "text/vtt", "wasm": "application/wasm", "wav": "audio/wav", "weba": "audio/webm",
	"webm": "video/webm", "webmanifest": "application/manifest+json", "webp": "image/webp", "woff": "font/woff",
	"woff2": "font/woff2", "xhtml": "application/xhtml+xml", "xml": "application/xml", "xsl": "application/xml",
	"yaml": "text/yaml", "yml": "text/yaml", "zip": "application/zip",
}

// ContentType returns the content type of a file by its extension, or [NoContentType].
func ContentType(name string) string {
	kind := contentTypes[strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))]
	switch {
	case kind == "":
		return NoContentType
	case strings.HasPrefix(kind, "text/"):
		return kind + "; charset=utf-8"
	}
	return kind
}
