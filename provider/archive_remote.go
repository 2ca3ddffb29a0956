// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// The engine hands over a remote asset or archive by its address and downloads it only to tell whether it has changed.
// So it is downloaded here too, from what Pulumi's SDK takes: http, https and file.

// remote opens what is at an address. Errors name its place: the rest may be a credential.
func remote(ctx context.Context, address string) (body io.ReadCloser, place string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, "", errors.New("its address is no URL")
	}
	place = u.Scheme + "://" + u.Host + u.Path
	switch u.Scheme {
	case "file":
		body, err = os.Open(filepath.FromSlash(u.Path))
	case "http", "https":
		body, err = cfapi.Download(ctx, u)
	default:
		err = fmt.Errorf("%s: is not one of http, https and file", place)
	}
	return body, place, err
}

// remoteAsset writes the file that is at an address.
func (u unpacker) remoteAsset(ctx context.Context, address, name string) error {
	body, _, err := remote(ctx, address)
	if err != nil {
		return err
	}
	return errors.Join(u.write(name, body), body.Close())
}

// remoteArchive writes what the archive has that is at an address. A zip file can only be read as a whole.
func (u unpacker) remoteArchive(ctx context.Context, address, at string) (err error) {
	body, place, err := remote(ctx, address)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "pulumi-cloudflare-workers-archive-")
	if err != nil {
		return errors.Join(err, body.Close())
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	name := filepath.Join(dir, path.Base(place))
	file, err := os.Create(name)
	if err != nil {
		return errors.Join(err, body.Close())
	}
	_, err = io.Copy(file, body)
	if err = errors.Join(err, file.Close(), body.Close()); err != nil {
		return fmt.Errorf("download %s: %w", place, err)
	}
	if err := u.file(ctx, name, at); err != nil {
		return fmt.Errorf("%s: %w", place, err)
	}
	return nil
}
