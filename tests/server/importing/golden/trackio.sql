PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE metrics (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        run_id TEXT NOT NULL,
                        timestamp TEXT NOT NULL,
                        run_name TEXT NOT NULL,
                        step INTEGER NOT NULL,
                        metrics TEXT NOT NULL
                    , log_id TEXT, space_id TEXT);
INSERT INTO metrics VALUES(1,'f1cbc66531394188a76e3432eb6fed6f','2026-11-29T22:05:40.669513+00:00','fox',0,X'7b226c6f7373223a312e302c22666c6167223a747275657d','f0e620b2628b4919865444b8d538019f',NULL);
INSERT INTO metrics VALUES(2,'f1cbc66531394188a76e3432eb6fed6f','2026-11-29T22:05:40.669513+00:00','fox',1,X'7b226c6f7373223a224e614e222c2278223a22496e66696e697479222c2274223a2274657874227d','8a115a48753d47938e8283dbe72fa7e2',NULL);
COMMIT;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE configs (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        run_id TEXT NOT NULL,
                        run_name TEXT NOT NULL,
                        config TEXT NOT NULL,
                        created_at TEXT NOT NULL,
                        UNIQUE(run_id)
                    );
INSERT INTO configs VALUES(1,'f1cbc66531394188a76e3432eb6fed6f','fox',X'7b226c72223a302e312c225f557365726e616d65223a6e756c6c2c225f43726561746564223a22323032362d31312d32395432323a30353a34302e3636343630342b30303a3030222c225f47726f7570223a6e756c6c7d','2026-11-29T22:05:40.692800+00:00');
COMMIT;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE system_metrics (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        run_id TEXT NOT NULL,
                        timestamp TEXT NOT NULL,
                        run_name TEXT NOT NULL,
                        metrics TEXT NOT NULL
                    , log_id TEXT, space_id TEXT);
COMMIT;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE alerts (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        run_id TEXT NOT NULL,
                        timestamp TEXT NOT NULL,
                        run_name TEXT NOT NULL,
                        title TEXT NOT NULL,
                        text TEXT,
                        level TEXT NOT NULL DEFAULT 'warn',
                        step INTEGER,
                        alert_id TEXT
                    );
COMMIT;
