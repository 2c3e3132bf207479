// Where sun and moon are, by astronomy-engine: a line of JSON for each moment and place of stdin.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const A = createRequire(process.argv[2] + "/")("astronomy-engine");
const RAD = Math.PI / 180;

for (const line of readFileSync(0, "utf8").trim().split("\n")) {
    const [unix, latitude, longitude] = line.split(" ").map(Number);
    const at = new Date(unix * 1000), here = new A.Observer(latitude, longitude, 0);
    const place = (body) => A.Equator(body, at, here, true, true);
    const seen = (e) => A.Horizon(at, here, e.ra, e.dec, null);
    const sun = place(A.Body.Sun), moon = place(A.Body.Moon);
    // The bright limb's position angle, from the moon's north towards east, less the zenith's.
    const ahead = (sun.ra - moon.ra) * 15 * RAD, ds = sun.dec * RAD, dm = moon.dec * RAD;
    const limb = Math.atan2(Math.cos(ds) * Math.sin(ahead),
        Math.sin(ds) * Math.cos(dm) - Math.cos(ds) * Math.sin(dm) * Math.cos(ahead));
    const hour = (A.SiderealTime(at) * 15 + longitude - moon.ra * 15) * RAD;
    const zenith = Math.atan2(Math.sin(hour),
        Math.tan(latitude * RAD) * Math.cos(dm) - Math.sin(dm) * Math.cos(hour));
    const s = seen(sun), m = seen(moon);
    console.log(JSON.stringify([s.altitude, s.azimuth, m.altitude, m.azimuth,
        A.MoonPhase(at) / 360, limb - zenith]));
}
