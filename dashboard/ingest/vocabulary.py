"""Names that columns have in the wild, and values that give a column away. Data only.

Phrases are lower case words without accents, the best known first; ``synonyms`` matches them against a header split
into words, so ``signup date`` also finds ``SignUpDate``, ``signup_date`` and ``Signup-Date``.
"""

# ruff: noqa: E501, SIM905 - word lists read best as running text

from __future__ import annotations

_PEOPLE = (
    "user customer client member subscriber account household visitor person contact shopper buyer profile kunde kunden "
    "nutzer benutzer mitglied teilnehmer utilisateur client abonne membre usuario cliente miembro abonado utente "
    "membro assinante klant gebruiker lid visitor player patient guest learner student distinct"
).split()
_IDS = "id nr no number num nummer numero key code uuid guid hash identifier kennung identifiant codigo codice".split()

USER_ID: tuple[str, ...] = (
    *(f"{person} {word}" for word in ("id", "nr", "no", "number", "nummer", "key", "uuid") for person in _PEOPLE),
    *(f"{person}{word}" for person in ("kunden", "nutzer", "benutzer", "mitglieds", "klant", "gebruikers", "teilnehmer")
      for word in ("id", "nr", "nummer", "kennung")),
    *(f"{word} {person}" for word in ("id", "numero", "codigo", "codice", "identifiant", "no", "num") for person in _PEOPLE),
    *(f"{word} {of} {person}" for word in ("id", "numero", "codigo", "codice") for of in ("de", "do", "di", "du") for person in _PEOPLE),
    "userid", "uid", "customerid", "cust id", "custid", "cid", "anonymous id", "device id", "master id", "user", "customer",
    "client", "member", "kunde", "utilisateur", "usuario", "cliente", "utente", "klant", "gebruiker", "nutzer",
    "user name", "username", "login", "user email", "customer email", "account", "cookie id", "subscription id",
)  # fmt: skip

# field -> phrases; a field of the same name in several tables has one list unless a table overrides it
COMMON: dict[str, tuple[str, ...]] = {
    "user_id": USER_ID,
    "country": (
        "country",
        "country name",
        "country code",
        "land",
        "pays",
        "pais",
        "paese",
        "nation",
        "staat",
        "market",
        "customer country",
        "shipping country",
        "billing country",
        "geo country",
        "user country",
        "nationality",
        "country iso",
    ),
    "plan": (
        "plan",
        "subscription type",
        "subscription",
        "plan tier",
        "plan name",
        "plan type",
        "subscription plan",
        "subscription tier",
        "membership",
        "membership type",
        "membership level",
        "membership tier",
        "tier",
        "package",
        "abo",
        "abo typ",
        "abotyp",
        "tarif",
        "abonnement",
        "abonnement type",
        "type abonnement",
        "type d abonnement",
        "suscripcion",
        "tipo de suscripcion",
        "tipo suscripcion",
        "assinatura",
        "tipo de assinatura",
        "plano",
        "abbonamento",
        "tipo abbonamento",
        "tipo di abbonamento",
        "piano",
        "abonnementstyp",
        "abonnementsart",
        "mitgliedschaft",
        "account type",
        "level",
        "user plan",
        "customer plan",
        "pricing plan",
        "license",
        "licence",
    ),
    "platform": (
        "platform",
        "device type",
        "device",
        "os",
        "operating system",
        "device os",
        "plattform",
        "gerat",
        "geraet",
        "geratetyp",
        "plateforme",
        "appareil",
        "plataforma",
        "dispositivo",
        "piattaforma",
        "apparaat",
        "user device",
        "device category",
        "primary device",
        "client platform",
        "betriebssystem",
    ),
    "category": ("category", "event category", "kategorie", "categorie", "categoria", "topic", "section"),
    "session_id": (
        "session id",
        "sessionid",
        "session",
        "visit id",
        "sid",
        "sitzungs id",
        "sitzung",
        "id session",
        "sesion id",
        "sessie id",
        "id de session",
        "ga session id",
        "visit",
    ),
    "currency": ("currency", "currency code", "wahrung", "waehrung", "devise", "moneda", "moeda", "valuta"),
}

FIELDS: dict[str, dict[str, tuple[str, ...]]] = {
    "users": {
        "user_id": (*USER_ID, "id", "index", "record id", "row id", "nr", "no", "number", "nummer", "numero"),
        "signup_time": (
            "signup time", "signup date", "sign up date", "signup at", "signed up", "signed up at", "registration date",
            "registration", "registered at", "registered on", "register date", "join date", "joined", "joined at",
            "date joined", "created at", "created", "creation date", "date created", "member since", "customer since",
            "account created", "start date", "subscription start", "subscription start date", "enrollment date",
            "anmeldedatum", "registrierungsdatum", "registriert am", "registriert", "angelegt am", "erstellt am",
            "date inscription", "date d inscription", "inscrit le", "cree le", "fecha de registro", "fecha registro",
            "fecha de alta", "alta", "data de cadastro", "data cadastro", "data de registro", "data registrazione",
            "data di registrazione", "iscritto il", "registratiedatum", "aanmelddatum", "first seen", "first login",
            "first order date", "first purchase date", "signup", "onboarded at", "activated at", "kunde seit",
        ),
        "last_active_time": (
            "last active time", "last login", "last login date", "last login at", "last login time", "last active",
            "last active at", "last active date", "last activity", "last activity date", "last seen", "last seen at",
            "last visit", "last access", "last session", "last used", "last sign in", "last signed in", "last online",
            "last order date", "last purchase date", "last purchase", "last order", "most recent login",
            "letzte anmeldung", "letzter login", "letzte aktivitat", "letzter besuch", "zuletzt aktiv", "zuletzt online",
            "zuletzt gesehen", "letzter zugriff", "derniere connexion", "date derniere connexion", "derniere activite",
            "derniere visite", "ultimo acceso", "ultimo login", "ultima conexion", "ultimo inicio de sesion",
            "ultima actividad", "ultima visita", "ultimo acesso", "ultima atividade", "ultimo accesso",
            "ultima attivita", "laatste login", "laatst actief", "laatste inlog", "laatste bezoek", "recent activity date",
        ),
        "age": ("age", "alter", "edad", "idade", "eta", "leeftijd", "user age", "customer age", "age years", "age in years"),
        "gender": ("gender", "sex", "geschlecht", "genre", "sexe", "genero", "sexo", "genere", "sesso", "geslacht", "anrede"),
        "usage": (
            "usage", "watch time hours", "watch time", "watch hours", "hours watched", "viewing hours", "viewing time",
            "usage hours", "usage minutes", "usage time", "total usage", "usage count", "total watch time",
            "minutes watched", "listening hours", "listening time", "play time", "playtime", "time spent", "hours",
            "total hours", "active minutes", "engagement", "engagement score", "total sessions", "sessions count",
            "number of sessions", "monthly usage", "time on platform", "screen time", "nutzung", "nutzungsdauer",
            "nutzungsstunden", "stunden", "sehdauer", "sehstunden", "wiedergabezeit", "gesehene stunden",
            "heures", "heures de visionnage", "temps de visionnage", "heures visionnees", "utilisation", "horas",
            "horas vistas", "horas de visualizacion", "tiempo de visualizacion", "horas assistidas", "uso",
            "ore", "ore di visione", "ore guardate", "utilizzo", "kijkuren", "kijktijd", "gebruik", "uren", "logins",
        ),
        "churned": (
            "churned", "churn", "churn flag", "is churned", "has churned", "churn label", "churn status", "exited",
            "attrition", "attrition flag", "cancelled", "canceled", "is cancelled", "lapsed", "churn value", "left",
            "gekundigt", "gekuendigt", "abgewandert", "resilie", "desabonne", "cancelado", "baja", "abandono",
            "disdetto", "opgezegd",
        ),
        "name": (
            "name", "full name", "fullname", "customer name", "user name", "client name", "account name", "member name",
            "vorname nachname", "nachname vorname", "kundenname", "nom", "nom complet", "nom client", "nombre",
            "nombre completo", "nome", "nome completo", "nome cliente", "naam", "volledige naam", "klantnaam",
            "display name", "contact name", "person",
        ),
        "email": (
            "email", "e mail", "email address", "mail", "mail address", "user email", "customer email", "e mail adresse",
            "email adresse", "courriel", "adresse email", "adresse mail", "correo", "correo electronico", "indirizzo email",
            "posta elettronica", "emailadres", "e mailadres",
        ),
    },
    "events": {
        "event_time": (
            "event time", "timestamp", "event timestamp", "ts", "time", "datetime", "date time", "event date", "occurred at",
            "created at", "date", "event datetime", "time stamp", "server time", "client time", "sent at", "received at",
            "logged at", "log time", "event ts", "submitted at", "usage date", "activity date", "activity time", "happened at",
            "redemption date", "churn date", "action date", "action time", "start date", "started at", "start time",
            "zeitstempel", "zeitpunkt", "ereigniszeit", "datum", "uhrzeit", "zeit", "horodatage", "heure", "fecha",
            "fecha hora", "hora", "marca de tiempo", "data", "data hora", "data ora", "ora", "tijdstip", "tijd",
            "tijdstempel", "date evenement", "fecha evento", "data evento", "created", "visit date", "session date",
        ),
        "event_name": (
            "event name", "event", "event type", "action", "action name", "action type", "activity", "activity type",
            "activity name", "page", "page name", "event action", "interaction", "interaction type", "operation", "step",
            "ereignis", "ereignisname", "ereignistyp", "aktion", "aktivitat", "evenement", "nom evenement",
            "type evenement", "evento", "nombre evento", "nombre del evento", "tipo evento", "tipo de evento", "accion",
            "acao", "azione", "nome evento", "gebeurtenis", "actie", "activiteit", "screen", "screen name", "page title",
        ),
        "feature": ("feature", "feature name", "feature used", "module", "component", "funktion", "feature id", "tool"),
        "duration_seconds": (
            "duration seconds", "duration secs", "duration sec", "duration", "duration s", "usage duration secs",
            "time spent seconds", "seconds", "length", "dauer", "dauer sekunden", "duree", "duracion", "duracao", "durata",
            "duur", "elapsed seconds", "time on page", "session duration",
        ),
        "amount": (
            "amount", "revenue", "value", "event value", "price", "total", "purchase amount", "refund amount usd", "mrr amount",
            "betrag", "umsatz", "montant", "importe", "valor", "importo", "bedrag", "order value", "transaction amount",
        ),
    },
    "sessions": {
        "start_time": (
            "start time", "session start", "start", "started at", "session start time", "login time", "begin", "begin time",
            "visit start", "start timestamp", "session date", "visit date", "visit start time", "date", "timestamp", "time",
            "beginn", "startzeit", "debut", "inicio", "inizio", "begintijd", "starttijd", "start date", "login at",
        ),
        "end_time": (
            "end time", "session end", "end", "ended at", "session end time", "logout time", "visit end", "end timestamp",
            "ende", "endzeit", "fin", "fim", "fine", "eindtijd", "einde", "end date", "logout at",
        ),
        "duration_seconds": (
            "duration seconds", "duration secs", "session duration", "session duration seconds", "duration", "length",
            "session length", "time on site", "visit duration", "dauer", "duree", "duracion", "duracao", "durata", "duur",
        ),
    },
    "transactions": {
        "order_time": (
            "order time", "order date", "invoice date", "transaction date", "transaction timestamp", "transaction time",
            "purchase date", "purchase time", "purchased at", "ordered at", "ordered on", "order timestamp",
            "order purchase timestamp",
            "sale date", "sales date", "payment date", "paid at", "date", "timestamp", "datetime", "time", "created at",
            "bestelldatum", "rechnungsdatum", "kaufdatum", "buchungsdatum", "datum", "date commande", "date de commande",
            "date facture", "date d achat", "fecha pedido", "fecha de pedido", "fecha factura", "fecha de compra", "fecha",
            "data pedido", "data do pedido", "data da compra", "data ordine", "data", "orderdatum", "besteldatum",
            "factuurdatum", "aankoopdatum", "day", "invoice time", "posted date", "date of purchase", "order created at",
        ),
        "amount": (
            "amount", "line amount", "line total", "total amount", "total price", "sales value", "sales amount", "sales",
            "revenue", "order value", "order amount", "order total", "transaction amount", "transaction value", "price paid",
            "payment value", "payment amount", "net amount", "gross amount", "dollar value", "total", "spend", "value",
            "turnover", "purchase amount", "item total", "extended price", "net sales", "paid", "betrag", "umsatz", "summe",
            "gesamtbetrag", "gesamtpreis", "nettobetrag", "bruttobetrag", "montant", "montant total", "chiffre d affaires",
            "importe", "importe total", "valor", "valor total", "total venta", "importo", "importo totale", "totale",
            "bedrag", "totaalbedrag", "omzet", "amount paid", "grand total", "amount usd", "amount eur",
        ),
        "quantity": (
            "quantity", "qty", "units", "number of items", "items", "item count", "quantity sold", "number of cds",
            "order quantity", "units sold", "number of units", "menge", "anzahl", "stuckzahl", "stueckzahl", "quantite",
            "qte", "cantidad", "unidades", "quantidade", "qtd", "quantita", "aantal", "count", "pieces",
        ),
        "unit_price": (
            "unit price", "price", "item price", "price per unit", "unit cost", "price each", "product price", "list price",
            "einzelpreis", "stuckpreis", "stueckpreis", "preis", "prix unitaire", "prix", "precio unitario", "precio",
            "preco unitario", "preco", "prezzo unitario", "prezzo", "stuksprijs", "prijs", "eenheidsprijs", "unit amount",
        ),
        "order_id": (
            "order id", "order number", "order no", "invoice no", "invoice number", "invoice id", "invoice", "basket id",
            "transaction id", "transaction no", "transaction number", "receipt id", "receipt no", "receipt number", "order",
            "bill no", "ticket no", "purchase id", "checkout id", "bestellnummer", "bestell nr", "bestell id",
            "rechnungsnummer", "rechnungs nr", "auftragsnummer", "belegnummer", "beleg nr", "numero commande",
            "numero de commande", "id commande", "numero facture", "numero de facture", "id pedido", "numero pedido",
            "numero de pedido", "numero factura", "numero de factura", "numero ordine", "id ordine", "ordernummer",
            "bestelnummer", "factuurnummer", "cart id", "sales order", "payment id",
        ),
        "product_id": (
            "product id", "sku", "stock code", "product code", "item id", "item code", "article no", "article id",
            "article number", "product sku", "upc", "ean", "asin", "variant id", "product no", "artikelnummer",
            "artikel nr", "artikel id", "produkt id", "produktnummer", "id produit", "code produit", "reference", "ref produit",
            "id producto", "codigo producto", "codigo de producto", "id produto", "codigo produto", "id prodotto",
            "codice prodotto", "artikelcode", "productcode", "product", "item", "coupon upc",
        ),
        "description": (
            "description", "product name", "product description", "item name", "item description", "product title",
            "beschreibung", "bezeichnung", "artikelbezeichnung", "produktname", "produkt", "artikel", "designation",
            "libelle", "nom produit", "produit", "descripcion", "producto", "nombre producto", "descricao", "produto",
            "nome produto", "descrizione", "prodotto", "omschrijving", "productnaam", "title",
        ),
        "discount": (
            "discount", "discount amount", "discount value", "rebate", "rabatt", "nachlass", "remise", "reduction", "descuento",
            "desconto", "sconto", "korting", "discount total",
        ),
    },
}  # fmt: skip

# words in headers that speak for a kind of table, whatever the columns are mapped to
KIND_WORDS: dict[str, frozenset[str]] = {
    "users": frozenset(
        "signup registration age gender birthday email churn churned tenure income marital demographics lifetime "
        "recency loyalty household firstname lastname geschlecht alter edad sexe".split()
    ),
    "events": frozenset(
        "event events action activity page click url screen feature usage method status referrer ticket submitted "
        "redemption reason feedback reactivation cancellation upgrade downgrade ereignis aktion evenement evento accion".split()
    ),
    "sessions": frozenset("session sessions visit visits logout sitzung sitzungen sessie pageviews bounce".split()),
    "transactions": frozenset(
        "invoice order orders basket receipt sku stock product quantity qty price purchase transaction sales item items "
        "shipping payment paid discount coupon rechnung bestellung menge preis facture commande pedido cantidad "
        "precio ordine quantita prezzo bestelling dollar cds".split()
    ),
}

# words in headers that allow whole numbers to be read as times
TIME_WORDS = frozenset(
    "date time timestamp datetime ts at created updated since day when datum zeit zeitpunkt zeitstempel fecha hora heure "
    "jour data ora tijd dag dia registration login signup joined birthday expires expiry start end begin last first".split()
)

PLAN_WORDS = frozenset(
    "free basic standard premium pro plus starter enterprise business team teams trial gold silver bronze platinum paid "
    "freemium family student individual lite ultimate growth scale professional personal essential advanced kostenlos "
    "gratuit gratis vip mobile annual monthly".split()
)
PLATFORM_WORDS = frozenset(
    "ios android web desktop mobile tablet windows macos mac linux iphone ipad smart tv smarttv tv browser app phone "
    "mobile app mobile web chromeos roku xbox playstation laptop console smartphone pc".split()
) | {"smart tv", "mobile app", "mobile web", "apple tv", "fire tv", "game console"}
GENDER_WORDS = frozenset(
    "m f w d male female man woman other diverse divers nonbinary non-binary männlich weiblich homme femme hombre mujer "
    "homem mulher uomo donna man vrouw u x unknown masculino femenino feminino maschio femmina h prefer not to say".split()
)

COUNTRIES = frozenset(
    name.strip()
    for name in (
        "afghanistan,albania,algeria,andorra,angola,argentina,armenia,australia,austria,azerbaijan,bahamas,bahrain,"
        "bangladesh,barbados,belarus,belgium,belize,benin,bhutan,bolivia,bosnia and herzegovina,botswana,brazil,brunei,"
        "bulgaria,burkina faso,burundi,cambodia,cameroon,canada,cape verde,chad,channel islands,chile,china,colombia,"
        "congo,costa rica,croatia,cuba,cyprus,czech republic,czechia,denmark,djibouti,dominica,dominican republic,"
        "ecuador,egypt,eire,el salvador,eritrea,estonia,eswatini,ethiopia,european community,fiji,finland,france,gabon,"
        "gambia,georgia,germany,ghana,greece,greenland,grenada,guatemala,guinea,guyana,haiti,honduras,hong kong,hungary,"
        "iceland,india,indonesia,iran,iraq,ireland,israel,italy,ivory coast,jamaica,japan,jordan,kazakhstan,kenya,kuwait,"
        "kyrgyzstan,laos,latvia,lebanon,lesotho,liberia,libya,liechtenstein,lithuania,luxembourg,macau,madagascar,malawi,"
        "malaysia,maldives,mali,malta,mauritania,mauritius,mexico,moldova,monaco,mongolia,montenegro,morocco,mozambique,"
        "myanmar,namibia,nepal,netherlands,new zealand,nicaragua,niger,nigeria,north korea,north macedonia,macedonia,norway,"
        "oman,pakistan,palestine,panama,papua new guinea,paraguay,peru,philippines,poland,portugal,puerto rico,qatar,"
        "romania,russia,russian federation,rsa,rwanda,samoa,saudi arabia,senegal,serbia,seychelles,sierra leone,singapore,"
        "slovakia,slovenia,somalia,south africa,south korea,korea,republic of korea,spain,sri lanka,sudan,suriname,sweden,"
        "switzerland,syria,taiwan,tajikistan,tanzania,thailand,togo,trinidad and tobago,tunisia,turkey,turkiye,"
        "turkmenistan,uganda,ukraine,united arab emirates,uae,united kingdom,great britain,england,scotland,wales,"
        "northern ireland,united states,united states of america,usa,uk,uruguay,uzbekistan,venezuela,vietnam,viet nam,"
        "yemen,zambia,zimbabwe,unspecified,"
        "deutschland,osterreich,oesterreich,schweiz,frankreich,italien,spanien,niederlande,belgien,polen,grossbritannien,"
        "vereinigtes konigreich,vereinigte staaten,turkei,griechenland,danemark,schweden,norwegen,finnland,indien,japan,"
        "brasilien,kanada,mexiko,australien,russland,ungarn,tschechien,irland,rumanien,kroatien,"
        "allemagne,autriche,suisse,italie,espagne,pays-bas,belgique,pologne,royaume-uni,etats-unis,turquie,grece,inde,"
        "bresil,mexique,australie,russie,japon,suede,norvege,irlande,alemania,francia,suiza,italia,espana,paises bajos,"
        "belgica,polonia,reino unido,estados unidos,turquia,grecia,brasil,rusia,suecia,noruega,irlanda,japon,alemanha,"
        "franca,suica,espanha,germania,svizzera,spagna,paesi bassi,regno unito,stati uniti,duitsland,frankrijk,spanje,"
        "oostenrijk,zwitserland,nederland,belgie,verenigd koninkrijk,verenigde staten"
    ).split(",")
)
COUNTRY_CODES = frozenset(
    "ad ae af al am ao ar at au az ba bb bd be bf bg bh bn bo br bs bw by ca cd ch ci cl cm cn co cr cu cy cz de dk do dz "
    "ec ee eg es et fi fr ga gb ge gh gr gt hk hn hr ht hu id ie il in iq ir is it jm jo jp ke kg kh kr kw kz la lb lk lt "
    "lu lv ly ma md me mg mk ml mm mn mo mt mu mx my mz na ng ni nl no np nz om pa pe ph pk pl pr ps pt py qa ro rs ru rw "
    "sa sd se sg si sk sn sv sy th tn tr tt tw tz ua ug uk us uy uz ve vn ye za zm zw "
    "deu gbr usa fra esp ita nld bel che aut pol prt swe nor dnk fin irl can mex bra arg ind chn jpn kor aus nzl zaf tur "
    "rus ukr cze svk hun rou bgr grc hrv".split()
)
