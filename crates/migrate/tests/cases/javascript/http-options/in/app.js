const http = require("http");
http.get({ host: "169.254.169.254", path: "/latest/meta-data/instance-id" }, res => res.pipe(process.stdout));
