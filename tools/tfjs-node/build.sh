#!/usr/bin/env bash
# Builds tfjs-node's binding where its install script can't download libtensorflow: npm's sources with node-gyp, against the
# library and the C headers of PyPI's tensorflow-cpu. For maintainers, on Linux x64; 2 GB of disk.
#   bash tools/tfjs-node/build.sh FOLDER    then tools/tfjs-node/suite.ts says whether it computes what it should
# Needs g++, make, python3 with pip, and Node's headers (include/node beside its bin; NODE_HEADERS names another root).
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
tfjs=4.22.0
tensorflow=2.15.1 # tfjs-node was written for 2.9.1; the C API is that of all 2.x
root=${NODE_HEADERS:-$(node -p "path.dirname(path.dirname(fs.realpathSync(process.execPath)))")}
[ -f "$root/include/node/node_api.h" ] || { echo "no include/node/node_api.h in $root: set NODE_HEADERS"; exit 1; }

cd "$folder"
[ -f package.json ] || echo '{ "private": true }' > package.json
npm install --ignore-scripts --no-audit --no-fund "@tensorflow/tfjs-node@$tfjs" node-gyp@11

wheels=(tensorflow_cpu-"$tensorflow"-*.whl)
[ -f "${wheels[0]}" ] || python3 -m pip download --no-deps --only-binary :all: --python-version 3.11 \
  --platform manylinux2014_x86_64 "tensorflow-cpu==$tensorflow"
module=node_modules/@tensorflow/tfjs-node
rm -rf "$module/deps" && mkdir -p "$module/deps/lib" unpacked
python3 -m zipfile -e tensorflow_cpu-"$tensorflow"-*.whl unpacked
mv unpacked/tensorflow/include "$module/deps/include"
mv unpacked/tensorflow/libtensorflow_cc.so.2 unpacked/tensorflow/libtensorflow_framework.so.2 "$module/deps/lib/"
rm -rf unpacked
# What binding.gyp links with; the binding then asks for the libraries by their own names.
ln -s libtensorflow_cc.so.2 "$module/deps/lib/libtensorflow.so"
ln -s libtensorflow_framework.so.2 "$module/deps/lib/libtensorflow_framework.so"

cd "$module"
napi=8 # the newest that the package names, as node-pre-gyp would choose
npx --no-install node-gyp rebuild --nodedir="$root" -- -Dmodule_name=tfjs_binding -Dmodule_path="$PWD/lib/napi-v$napi" \
  -Dnapi_build_version=$napi
node -e "console.log('tfjs-node runs, its backend is', require('.').getBackend())"
